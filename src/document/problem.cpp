#include "characters.hpp"
#include "place.hpp"

#include <relay/document/findings.hpp>

#include <algorithm>

namespace relay::document {

namespace {

constexpr std::size_t widest = 100;  // columns of a line that are shown
// Problems in what(): all that are kept, and how many are not.
constexpr std::size_t most_shown = 2 * findings::most_kept + 2;

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

excerpt cut_out(const origin& where, const line_column& at) {
  const std::string_view all = where.from->text;
  const auto offset = std::min(where.offset, all.size());
  auto start = offset - (at.column - 1);
  // What is further away than this is not shown, and the line may be as long as the text.
  const auto near = all.substr(0, offset + widest + 4);
  auto end = std::min(near.find_first_of("\r\n", offset), near.size());
  excerpt made;
  made.number = at.line;
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
  const auto& where = what.where;
  const bool has_text = where.from && !where.from->text.empty();
  const auto at = has_text ? locate(*where.from, where.offset) : line_column();
  std::string text = printable(has_text ? to_string(where, at) : where.to_string());
  text += what.severity == problem::level::error ? ": error: " : ": warning: ";
  text += printable(what.message) + '\n';
  if (has_text) {
    const auto shown = cut_out(where, at);
    const auto number = std::to_string(shown.number);
    text += ' ' + number + " | " + shown.text + '\n';
    text += std::string(number.size() + 1, ' ') + " | " + shown.caret + '\n';
  }
  if (!what.hint.empty()) text += "  hint: " + printable(what.hint) + '\n';
  return text;
}

refusal::refusal(std::vector<problem> problems)
    : std::runtime_error(render_all(problems)), problems_(std::move(problems)) {}

}  // namespace relay::document
