#include "toml_mistakes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace relay::document {
namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::size_t longest_shown = 60;

/// A piece of the text that knows where it stands.
struct piece {
  std::string_view text;
  std::size_t offset = 0;

  piece part(std::size_t from, std::size_t count = std::string_view::npos) const {
    return {text.substr(from, count), offset + from};
  }
  piece trimmed() const {
    const auto first = std::min(text.find_first_not_of(blanks), text.size());
    const auto last = text.find_last_not_of(blanks);
    return part(first, last == std::string_view::npos ? 0 : last + 1 - first);
  }
};

piece line_at(std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  const auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const auto start = before == std::string_view::npos ? 0 : before + 1;
  const auto end = std::min(text.find('\n', at), text.size());
  return {text.substr(start, end - start), start};
}

/// As far as a comment.
piece without_comment(const piece& of) {
  return of.part(0, std::min(of.text.find('#'), of.text.size())).trimmed();
}

bool is_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double ignored = 0;
  const auto* const end = text.data() + text.size();
  const auto [stopped, ec] = std::from_chars(text.data(), end, ignored);
  return ec == std::errc() && stopped == end;
}

std::string_view truth_of(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> known{
      {{"yes", "true"},
       {"Yes", "true"},
       {"YES", "true"},
       {"True", "true"},
       {"TRUE", "true"},
       {"no", "false"},
       {"No", "false"},
       {"NO", "false"},
       {"False", "false"},
       {"FALSE", "false"}}};
  const auto* const found = std::ranges::find(known, word, &decltype(known)::value_type::first);
  return found == known.end() ? std::string_view() : found->second;
}

std::string shown(std::string_view text) {
  if (text.size() <= longest_shown) return std::string(text);
  return std::string(text.substr(0, longest_shown)) + "...";
}

/// A value that begins with neither quote nor bracket and is no number.
std::optional<toml_mistake> bare_text(const piece& value, std::string_view before) {
  if (value.text.empty() || is_number(value.text)) return std::nullopt;
  if (value.text == "true" || value.text == "false") return std::nullopt;
  const auto what = '`' + shown(value.text) + '`';
  if (const auto truth = truth_of(value.text); !truth.empty())
    return toml_mistake{value.offset, what + " is no value of TOML",
                        "write `" + std::string(before) + std::string(truth) + "`"};
  std::string hint = "texts need quotes";
  const bool is_plain = value.text.find_first_of("\"\\") == std::string_view::npos;
  if (is_plain && value.text.size() <= longest_shown)
    hint += ": write `" + std::string(before) + '"' + std::string(value.text) + "\"`";
  return toml_mistake{value.offset, what + " is a text without quotes", std::move(hint)};
}

/// Of a list that stands in one line: the place between commas where the parser stopped.
std::optional<toml_mistake> item_of_list(const piece& list, std::size_t at) {
  const auto inside = std::clamp(at, list.offset + 1, list.offset + list.text.size()) - list.offset;
  const auto start = list.text.find_last_of("[,", inside - 1) + 1;
  const auto end = std::min(list.text.find_first_of(",]", start), list.text.size());
  const auto item = list.part(start, end - start).trimmed();
  if (item.text.empty() || item.text.find_first_of("\"'[{") == 0) return std::nullopt;
  return bare_text(item, {});
}

std::optional<toml_mistake> value_of(const piece& line, std::size_t at) {
  const auto equals = line.text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto value = line.part(equals + 1).trimmed();
  if (value.text.empty()) return std::nullopt;
  const char first = value.text.front();
  if (first == '[') return item_of_list(value, at);
  if (first == '{') return std::nullopt;
  if (first == '"' || first == '\'') {
    const bool is_long = value.text.starts_with(std::string(3, first));
    if (is_long || value.text.find(first, 1) != std::string_view::npos) return std::nullopt;
    return toml_mistake{value.offset, "this text has no quote at its end",
                        std::string("add ") + first + " behind it, in the same line"};
  }
  const auto key = line.part(0, equals).trimmed();
  return bare_text(without_comment(value), std::string(key.text) + " = ");
}

/// Where the first line before `end` is that is this header.
std::optional<std::size_t> find_header(std::string_view text, std::size_t end,
                                       std::string_view header) {
  for (auto at = text.find(header); at < end; at = text.find(header, at + 1)) {
    const auto before = at == 0 ? std::string_view::npos : text.find_last_not_of(" \t", at - 1);
    const bool begins_line = before == std::string_view::npos || text[before] == '\n';
    if (begins_line && without_comment(line_at(text, at).trimmed()).text == header) return at;
  }
  return std::nullopt;
}

/// `[table]` among several `[[table]]`: the parser complains at whichever comes second.
std::optional<toml_mistake> odd_header(std::string_view text, const piece& line) {
  const auto header = without_comment(line).text;
  if (!header.starts_with('[') || !header.ends_with(']')) return std::nullopt;
  const bool is_list = header.starts_with("[[") && header.ends_with("]]");
  const auto one = std::string(is_list ? header.substr(1, header.size() - 2) : header);
  const auto list = '[' + one + ']';
  if (!find_header(text, text.size(), list)) return std::nullopt;
  const auto at = find_header(text, text.size(), one);
  if (!at) return std::nullopt;
  return toml_mistake{*at, '`' + one + "` is one table, and other lines say `" + list + '`',
                      "write `" + list + "`, with two brackets, here as well"};
}

/// `[table]` for the second time.
std::optional<toml_mistake> repeated_header(std::string_view text, const piece& line) {
  const auto header = without_comment(line);
  if (!header.text.starts_with('[') || header.text.starts_with("[[")) return std::nullopt;
  if (!header.text.ends_with(']') || !find_header(text, header.offset, header.text))
    return std::nullopt;
  const auto whole = std::string(header.text);
  return toml_mistake{header.offset, '`' + whole + "` is one table, and there is one already",
                      "write `[" + whole + "]`, with two brackets, for each of several"};
}

/// `[[table]` and its kind.
std::optional<toml_mistake> lame_header(const piece& line) {
  const auto header = without_comment(line);
  if (!header.text.starts_with('[') || header.text.find('=') != std::string_view::npos)
    return std::nullopt;
  const auto first = header.text.find_first_not_of('[');
  const auto last = header.text.find_last_not_of(']');
  if (first == std::string_view::npos || last == std::string_view::npos || first > last)
    return std::nullopt;
  const auto behind = header.text.size() - last - 1;
  if (first == behind || first > 2 || behind > 2) return std::nullopt;
  const auto name = std::string(header.text.substr(first, last + 1 - first));
  const auto most = std::max(first, behind);
  return toml_mistake{
      header.offset, '`' + shown(header.text) + "` has not as many brackets behind as in front",
      "write `" + std::string(most, '[') + shown(name) + std::string(most, ']') + '`'};
}

std::string_view key_of(const piece& line) {
  const auto equals = line.text.find('=');
  return equals == std::string_view::npos ? std::string_view()
                                          : line.part(0, equals).trimmed().text;
}

/// A key that the same table has already: the parser names it, but not where.
std::optional<toml_mistake> repeated_key(std::string_view text, const piece& line) {
  const auto key = key_of(line);
  if (key.empty()) return std::nullopt;
  for (auto at = line_at(text, line.offset).offset; at > 0;) {
    const auto before = line_at(text, at - 1);
    const auto content = before.trimmed();
    if (content.text.starts_with('[')) return std::nullopt;
    if (key_of(content) == key)
      return toml_mistake{
          line.offset, '`' + shown(key) + "` is given twice in this table",
          "remove one of them; the other one stands in line " +
              std::to_string(std::ranges::count(text.substr(0, before.offset), '\n') + 1)};
    at = before.offset;
  }
  return std::nullopt;
}

}  // namespace

std::optional<toml_mistake> find_toml_mistake(std::string_view text, std::size_t at) {
  const auto line = line_at(text, at).trimmed();
  if (auto found = odd_header(text, line)) return found;
  if (auto found = repeated_header(text, line)) return found;
  if (auto found = lame_header(line)) return found;
  if (auto found = value_of(line, at)) return found;
  return repeated_key(text, line);
}

}  // namespace relay::document
