#include "toml_guard.hpp"

#include <relay/document/node.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

namespace relay::document {

namespace {

/// What reading costs, in nanoseconds: for each figure that of the slower one of toml11 3.7 and 4.4
/// on a slow machine.
constexpr std::uint64_t per_item = 10'000;
constexpr std::uint64_t per_key = 15'000;
constexpr std::uint64_t per_byte_of_item = 1;  // of the line it is in
constexpr std::uint64_t per_byte_of_key = 10;
constexpr std::uint64_t per_header_before =
    1;  // 4.4 looks at all tables of a list for each new one
constexpr std::uint64_t most_cost = 2'000'000'000;

/// From this length on a line with many values is what a refusal is about.
constexpr std::size_t long_line = 4'096;

/// The end of the string or comment that starts at `at`; `at` itself when neither starts there.
std::size_t past_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at];
  if (quote == '#') return std::min(text.find('\n', at), text.size());
  if (quote != '"' && quote != '\'') return at;
  const std::string triple(3, quote);
  const bool multiline = text.substr(at, 3) == triple;
  auto end = at + (multiline ? 3 : 1);
  while (end < text.size()) {
    if (quote == '"' && text[end] == '\\') {
      end += 2;
    } else if (multiline && text.substr(end, 3) == triple) {
      // The last three quotes of up to five close it. Taking the first three would make the rest
      // open a string that hides what follows from those who count brackets.
      const auto run = std::min(text.find_first_not_of(quote, end), text.size());
      return std::min(run, end + 5);
    } else if (!multiline && (text[end] == quote || text[end] == '\n')) {
      return end + 1;
    } else {
      ++end;
    }
  }
  return text.size();
}

/// Counts brackets and dots of what is neither string nor comment.
class depth_meter {
 public:
  void see(char c) {
    if (c == '[' || c == '{') {
      ++brackets_;
    } else if (c == ']' || c == '}') {
      brackets_ -= brackets_ > 0 ? 1 : 0;
    } else if (c == '.') {
      ++dots_;
    } else if (c == '\n' || c == ',' || c == '=') {
      dots_ = 0;
    }
  }
  bool is_too_deep() const { return brackets_ + dots_ > max_depth; }

 private:
  std::size_t brackets_ = 0;
  std::size_t dots_ = 0;
};

/// Adds up what the lines cost. Newlines within strings end lines, too.
class cost_meter {
 public:
  explicit cost_meter(std::string_view text) : text_(text) { begin_line(0, 0); }

  /// `at` is the place of a character that is neither in a string nor in a comment.
  void see(std::size_t at) {
    pass_newlines(at);
    const char c = text_[at];
    if (c == ',') {
      cost_ += per_item + per_byte_of_item * reach_;
    } else if (c == '=') {
      cost_ += per_key + per_byte_of_key * reach_;
    } else if (c == '[' && at == first_) {
      cost_ += per_key + per_byte_of_key * reach_ + per_header_before * headers_++;
    }
  }
  bool is_too_dear() const { return cost_ > most_cost; }
  bool is_in_long_line() const { return reach_ > long_line; }

 private:
  void pass_newlines(std::size_t at) {
    while (end_ < at) {
      const bool is_comment = first_ < end_ && text_[first_] == '#';
      begin_line(end_ + 1, is_comment ? reach_ : end_ - line_);
    }
  }
  void begin_line(std::size_t at, std::size_t above) {
    line_ = at;
    first_ = std::min(text_.find_first_not_of(" \t", at), text_.size());
    end_ = std::min(text_.find('\n', first_), text_.size());
    reach_ = end_ - line_ + above;
  }
  std::string_view text_;
  std::uint64_t cost_ = 0;
  std::uint64_t headers_ = 0;
  std::size_t line_ = 0;   // where the line starts
  std::size_t first_ = 0;  // what is not blank there
  std::size_t end_ = 0;    // and where its newline is
  std::size_t reach_ = 0;  // its bytes, and those above it that are looked at for its values
};

}  // namespace

std::optional<toml_refusal> refuse_toml(std::string_view text) {
  depth_meter depth;
  cost_meter cost(text);
  for (std::size_t at = 0; at < text.size();) {
    if (const auto end = past_quoted(text, at); end != at) {
      at = end;
      continue;
    }
    depth.see(text[at]);
    if (depth.is_too_deep()) return toml_refusal{at, "this is nested too deeply", {}};
    cost.see(at);
    if (cost.is_too_dear()) {
      if (cost.is_in_long_line())
        return toml_refusal{at, "there are too many values in long lines",
                            "put each value into a line of its own"};
      return toml_refusal{at, too_many_values, "a range of ports is one endpoint"};
    }
    ++at;
  }
  return std::nullopt;
}

}  // namespace relay::document
