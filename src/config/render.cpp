#include "findings.hpp"

#include <algorithm>
#include <map>

namespace relay::config {

namespace {

constexpr std::size_t widest = 100;     // columns of a line that are shown
constexpr std::size_t most_shown = 50;  // problems in what(); all of them are in problems()

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// A terminal must not take orders from a configuration file.
std::string printable(std::string_view text) {
  std::string made(text);
  for (auto& c : made) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < ' ' && c != '\t') || byte == 0x7f) c = '?';
  }
  return made;
}

struct excerpt {
  std::size_t number = 1;
  std::string text;
  std::string caret;  ///< blanks, and tabs where the text has them, up to the place, then `^`
};

excerpt cut_out(const origin& where) {
  const std::string_view all = where.from->text;
  const auto offset = std::min(where.offset, all.size());
  const auto before = all.substr(0, offset);
  const auto newline = before.rfind('\n');
  auto start = newline == std::string_view::npos ? 0 : newline + 1;
  auto end = std::min(all.find_first_of("\r\n", offset), all.size());
  excerpt made;
  made.number += static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  std::string_view left;
  std::string_view right;
  if (end - start > widest) {
    if (offset - start > widest / 2) {
      start = offset - widest / 2;
      while (start < offset && continues_character(all[start])) ++start;
      left = "...";
    }
    if (end - start > widest) {
      end = start + widest;
      while (end > offset && continues_character(all[end])) --end;
      right = "...";
    }
  }
  made.text.append(left).append(printable(all.substr(start, end - start))).append(right);
  made.caret.assign(left.size(), ' ');
  for (const char c : all.substr(start, offset - start)) {
    if (!continues_character(c)) made.caret += c == '\t' ? '\t' : ' ';
  }
  made.caret += '^';
  return made;
}

std::string render_all(const std::vector<problem>& problems) {
  std::string text;
  const auto shown = std::min(problems.size(), most_shown);
  for (std::size_t at = 0; at < shown; ++at) text += render(problems[at]);
  if (shown < problems.size()) {
    text += "and " + std::to_string(problems.size() - shown) + " more\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace

std::string render(const problem& what) {
  std::string text = printable(what.where.to_string());
  text += what.severity == problem::level::error ? ": error: " : ": warning: ";
  text += printable(what.message) + '\n';
  if (what.where.from && !what.where.from->text.empty()) {
    const auto shown = cut_out(what.where);
    const auto number = std::to_string(shown.number);
    text += ' ' + number + " | " + shown.text + '\n';
    text += std::string(number.size() + 1, ' ') + " | " + shown.caret + '\n';
  }
  if (!what.hint.empty()) text += "  hint: " + printable(what.hint) + '\n';
  return text;
}

config_error::config_error(std::vector<problem> problems)
    : std::runtime_error(render_all(problems)), problems_(std::move(problems)) {}

std::vector<problem> findings::finish() {
  // In the order of the text, whichever check came first; texts in the order they were read.
  std::map<const source*, std::size_t> rank;
  for (const auto& each : all_) rank.try_emplace(each.where.from.get(), rank.size());
  std::ranges::stable_sort(all_, {}, [&](const problem& each) {
    return std::pair(rank[each.where.from.get()], each.where.offset);
  });
  if (failed_) throw config_error(std::move(all_));
  return std::move(all_);
}

}  // namespace relay::config
