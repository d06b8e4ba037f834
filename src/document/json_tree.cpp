#include <relay/base/odd_characters.hpp>
#include <relay/document/node.hpp>

#include <nlohmann/json.hpp>

#include <limits>
#include <unordered_set>

namespace relay::document {

namespace {

/// Walks the text in step with the parser, which tells values but not where they stand. It sees
/// only tokens that the parser has accepted.
class token_cursor {
 public:
  explicit token_cursor(std::string_view text) : text_(text) {}

  /// The offset of the next token; commas and colons are passed over.
  std::size_t next() {
    last_ = std::min(text_.find_first_not_of(" \t\r\n,:", end_), text_.size());
    end_ = last_ + length(last_);
    return last_;
  }
  /// Where the last token stands. Of a text without quotes that begins as a number does, the parser
  /// has accepted only the number; here it is the whole.
  std::size_t last() const { return last_; }
  std::size_t end() const { return end_; }

 private:
  std::size_t length(std::size_t at) const {
    if (at >= text_.size()) return 0;
    if (text_[at] == '"') {
      auto end = at + 1;
      while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
      return end + 1 - at;
    }
    if (std::string_view("{}[]").find(text_[at]) != std::string_view::npos) return 1;
    return std::min(text_.find_first_of(" \t\r\n,:{}[]\"", at), text_.size()) - at;
  }

  std::string_view text_;
  std::size_t last_ = 0;
  std::size_t end_ = 0;
};

/// Builds the tree from the parser's events. Lists and tables that are still open stand on a stack
/// and are moved into their parent when they close.
class tree_builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  tree_builder(const std::shared_ptr<const source>& from, findings& found)
      : from_(from), found_(found), cursor_(from->text) {}

  bool complete() const { return complete_; }
  node take() { return std::move(root_); }

  bool null() override { return add(make(node::kind::null)); }
  bool boolean(bool value) override {
    auto made = make(node::kind::boolean);
    made.boolean = value;
    return add(std::move(made));
  }
  bool number_integer(std::int64_t value) override {
    auto made = make(node::kind::integer);
    made.integer = value;
    return add(std::move(made));
  }
  bool number_unsigned(std::uint64_t value) override {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    return number_integer(
        value > static_cast<std::uint64_t>(most) ? most : static_cast<std::int64_t>(value));
  }
  bool number_float(double, const std::string&) override { return add(make(node::kind::real)); }
  bool string(std::string& value) override {
    auto made = make(node::kind::text);
    made.text = std::move(value);
    return add(std::move(made));
  }
  bool binary(nlohmann::json::binary_t&) override { return false; }  // not in JSON texts
  bool start_object(std::size_t) override { return open(node::kind::table); }
  bool start_array(std::size_t) override { return open(node::kind::list); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    auto& top = open_.back();
    const auto at = cursor_.next();
    if (!top.seen.insert(name).second) {
      found_.error({from_, at}, "`" + name + "` is given twice in this table");
    }
    top.made.members.push_back({std::move(name), at, {}});
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception& failure) override;

 private:
  struct level {
    node made;
    std::unordered_set<std::string> seen;
  };

  node make(node::kind what) {
    ++values_;
    node made;
    made.what = what;
    made.offset = cursor_.next();
    return made;
  }
  bool open(node::kind what) {
    open_.push_back({make(what), {}});
    if (open_.size() <= max_depth) return true;
    found_.error({from_, open_.back().made.offset}, "this is nested too deeply");
    return false;
  }
  bool close() {
    cursor_.next();
    auto made = std::move(open_.back().made);
    open_.pop_back();
    return add(std::move(made));
  }
  bool add(node made) {
    if (values_ > most_values) {
      found_.error({from_, made.offset}, std::string(too_many_values));
      return false;
    }
    if (open_.empty()) {
      root_ = std::move(made);
      complete_ = true;
    } else if (auto& parent = open_.back().made; parent.what == node::kind::list) {
      parent.items.push_back(std::move(made));
    } else {
      parent.members.back().value = std::move(made);
    }
    return true;
  }

  bool tell_unquoted(std::size_t position);
  bool tell_missing_comma();

  const std::shared_ptr<const source>& from_;
  findings& found_;
  token_cursor cursor_;
  std::vector<level> open_;
  node root_;
  std::size_t values_ = 0;
  bool complete_ = false;
};

/// What a mistake is that people make, and what the parser's own words do not tell: a comment, a
/// quote of the wrong kind, a comma too many. Nothing when it is none of them.
std::optional<std::pair<std::string, std::string>> common_mistake(std::string_view text,
                                                                  std::size_t at) {
  const auto rest = text.substr(at);
  if (rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with('#'))
    return std::pair("JSON has no comments", "remove it; in TOML, # begins a comment");
  if (const auto odd = odd_character_at_start(rest))
    return std::pair("there is " + std::string(odd->name), odd->advice());
  if (rest.starts_with('\''))
    return std::pair("JSON has no single quotes", "texts and keys stand in double quotes");
  const auto before = text.substr(0, at).find_last_not_of(" \t\r\n");
  if (before == std::string_view::npos) return std::nullopt;
  if ((rest.starts_with('}') || rest.starts_with(']')) && text[before] == ',')
    return std::pair("there is a comma too many", "remove the comma before this");
  const auto letter = rest.empty() ? '\0' : rest.front() | 0x20;
  const bool wants_value = text[before] == ':' || text[before] == ',' || text[before] == '[';
  if (letter >= 'a' && letter <= 'z' && (wants_value || text[before] == '{'))
    return std::pair("there is a word without quotes", "texts and keys stand in double quotes");
  return std::nullopt;
}

/// `"listen": 127.0.0.1:5000`: the parser has taken the first two numbers for a value, and stumbles
/// over what follows. Whether it was that.
bool tree_builder::tell_unquoted(std::size_t position) {
  const std::string_view text = from_->text;
  const auto at = cursor_.last();
  if (position > cursor_.end() || at >= text.size() || text[at] < '0' || text[at] > '9')
    return false;
  const auto end = std::min(text.find_first_of(" \t\r\n,{}[]\"", at), text.size());
  const auto word = text.substr(at, end - at);
  constexpr std::size_t longest = 60;
  if (word.size() > longest || word.find_first_not_of("0123456789") == word.npos) return false;
  found_.error({from_, at}, "not valid JSON: there is a text without quotes",
               "write \"" + std::string(word) + '"');
  return true;
}

/// A value, and behind it the next one or the next key. Whether it was that.
bool tree_builder::tell_missing_comma() {
  const std::string_view text = from_->text;
  const auto end = cursor_.end();
  const auto next = text.find_first_not_of(" \t\r\n", end);
  if (open_.empty() || end == 0 || next == text.npos) return false;
  const auto& top = open_.back().made;
  const bool has_value = top.what == node::kind::list
                             ? !top.items.empty()
                             : !top.members.empty() && cursor_.last() != top.members.back().offset;
  const bool begins = text[next] == '"' ||
                      (top.what == node::kind::list && (text[next] == '{' || text[next] == '['));
  if (!has_value || !begins) return false;
  found_.error({from_, end - 1}, "not valid JSON: a comma is missing behind this", "add it");
  return true;
}

/// Where the token began that the parser gave up at: it has read `position` bytes, and the last of
/// them is the one it did not want, which may be within a word or a character.
std::size_t start_of_token(std::string_view text, std::size_t position) {
  auto at = std::min(position == 0 ? 0 : position - 1, text.size());
  const auto is_inside = [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '/';
  };
  while (at > 0 && at < text.size() && is_inside(text[at]) && is_inside(text[at - 1])) --at;
  return at;
}

bool tree_builder::parse_error(std::size_t position, const std::string&,
                               const nlohmann::json::exception& failure) {
  complete_ = false;
  // "[json.exception.parse_error.101] parse error at line 1, column 2: <what we want>"
  std::string text = failure.what();
  if (const auto start = text.find(": "); start != std::string::npos) text.erase(0, start + 2);
  if (const auto start = text.find("] "); text.starts_with('[') && start != std::string::npos) {
    text.erase(0, start + 2);
  }
  const auto start = start_of_token(from_->text, position);
  if (auto known = common_mistake(from_->text, start)) {
    found_.error({from_, start}, "not valid JSON: " + std::move(known->first),
                 std::move(known->second));
    return false;
  }
  if (tell_unquoted(position) || tell_missing_comma()) return false;
  const auto at = position == 0 ? 0 : position - 1;
  found_.error({from_, std::min(at, from_->text.size())}, "not valid JSON: " + text);
  return false;
}

}  // namespace

std::optional<node> read_json(const std::shared_ptr<const source>& from, findings& found) {
  tree_builder builder(from, found);
  if (!nlohmann::json::sax_parse(from->text, &builder) || !builder.complete()) return std::nullopt;
  return builder.take();
}

}  // namespace relay::document
