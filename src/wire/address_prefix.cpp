#include "address_prefix.hpp"

#include <algorithm>

namespace relay::wire {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One of the four numbers: 0 to 255 without leading zeros, or the start of one.
bool may_become_octet(std::string_view text) {
  if (text.size() > 3 || !std::ranges::all_of(text, is_digit)) return false;
  if (text.size() > 1 && text.front() == '0') return false;
  int value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value <= 255;
}

/// The groups of an IPv6 address that a colon has closed.
struct groups {
  int closed = 0;
  bool gap = false;  ///< there was a `::`, which stands for at least one group

  int most() const { return gap ? 7 : 8; }
  /// Whether one more group, or a gap, can follow.
  bool room() const { return closed < most(); }
  /// The last two groups may be written as an IPv4 address.
  bool room_for_v4() const { return gap ? closed <= 5 : closed == 6; }
};

}  // namespace

bool may_become_v4(std::string_view text) {
  for (int dots = 0;; ++dots) {
    const auto dot = text.find('.');
    if (!may_become_octet(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    if (dot == 0 || dots == 3) return false;
    text.remove_prefix(dot + 1);
  }
}

bool may_become_v6(std::string_view text) {
  groups seen;
  if (text.starts_with(':')) {  // then it is a gap, or half of one
    text.remove_prefix(1);
    if (text.empty()) return true;
    if (text.front() != ':') return false;
    text.remove_prefix(1);
    seen.gap = true;
  }
  while (!text.empty()) {
    const auto end = std::min(text.find_first_not_of("0123456789abcdefABCDEF"), text.size());
    if (end == text.size()) return end <= 4 && seen.room();
    if (text[end] == '.') return seen.room_for_v4() && may_become_v4(text);
    if (text[end] != ':' || end == 0 || end > 4 || !seen.room()) return false;
    ++seen.closed;
    text.remove_prefix(end + 1);
    if (text.starts_with(':')) {
      if (seen.gap || seen.closed > 7) return false;
      seen.gap = true;
      text.remove_prefix(1);
    } else if (!seen.room()) {  // a single colon is never the end
      return false;
    }
  }
  return true;
}

}  // namespace relay::wire
