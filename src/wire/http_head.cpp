#include "http_head.hpp"

#include <relay/base/text.hpp>

#include <algorithm>
#include <charconv>

namespace relay::wire {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// What may stand in a line: no control characters but the tab.
bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= ' ' && byte != 0x7f) || c == '\t';
}

/// Of the name of a header (RFC 9110, 5.6.2).
bool is_of_token(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Whether the line is a header, which then has been added.
bool add_header(http_head& to, std::string_view line) {
  const auto name = line.substr(0, line.find(':'));
  if (name.empty() || name.size() == line.size()) return false;
  if (!std::ranges::all_of(name, is_of_token)) return false;
  to.headers.emplace_back(name, trimmed(line.substr(name.size() + 1)));
  return true;
}

}  // namespace

bool is_same_word(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view http_head::value(std::string_view name) const {
  for (const auto& [own, value] : headers)
    if (is_same_word(own, name)) return value;
  return {};
}

bool http_head::lists(std::string_view name, std::string_view word) const {
  return std::ranges::any_of(headers, [&](const auto& each) {
    return is_same_word(each.first, name) &&
           std::ranges::any_of(split(each.second, ','),
                               [&](std::string_view item) { return is_same_word(item, word); });
  });
}

http_head read_http_head(std::string_view seen, std::size_t longest, std::size_t most_headers) {
  http_head made;
  made.is_broken = true;
  const auto within = seen.substr(0, longest);
  for (std::size_t at = 0;;) {
    const auto end = within.find('\n', at);
    const auto line = within.substr(at, end == within.npos ? end : end - at);
    const bool is_whole = end != within.npos;
    // The CR of a line that is not whole may be its last byte so far.
    auto text = line;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!std::ranges::all_of(text, is_plain)) return made;
    if (!is_whole) break;
    if (text.size() == line.size()) return made;  // a bare LF
    at = end + 1;
    if (made.first_line.empty()) {
      if (text.empty()) return made;
      made.first_line = text;
    } else if (text.empty()) {
      made.size = at;
      made.is_broken = false;
      return made;
    } else if (made.headers.size() == most_headers || !add_header(made, text)) {
      return made;
    }
  }
  made.is_broken = seen.size() >= longest;
  return made;
}

http_request_line read_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || first == last) return {};
  http_request_line made{line.substr(0, first), line.substr(first + 1, last - first - 1),
                         line.substr(last + 1)};
  const bool is_right = std::ranges::all_of(made.method, is_of_token) && !made.method.empty() &&
                        !made.target.empty() && made.target.find(' ') == made.target.npos &&
                        made.version.starts_with("HTTP/1.");
  return is_right ? made : http_request_line{};
}

int read_status_line(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return 0;
  int status = 0;
  const auto [end, ec] = std::from_chars(line.data() + 9, line.data() + 12, status);
  const bool is_three = ec == std::errc{} && end == line.data() + 12;
  return is_three && (line.size() == 12 || line[12] == ' ') && status >= 100 ? status : 0;
}

}  // namespace relay::wire
