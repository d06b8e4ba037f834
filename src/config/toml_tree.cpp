#include "node.hpp"
#include "toml_guard.hpp"

#include <toml.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <stdexcept>

namespace relay::config {

namespace {

/// toml11 asks an empty array for its last element when a table is put below `key = []`. With this
/// array that is an exception, not undefined behaviour.
template <class T>
struct checked_array : std::vector<T> {
  using std::vector<T>::vector;
  T& back() {
    if (this->empty()) throw std::out_of_range("a table is put below an empty list");
    return std::vector<T>::back();
  }
};

using value_type = toml::basic_value<toml::discard_comments, std::unordered_map, checked_array>;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

/// toml11 knows where values stand, but not their keys: they stand before the `=`, or inside the
/// `[header]` that is taken for the value of a table.
std::size_t find_key(std::string_view text, std::string_view key, std::size_t value) {
  auto at = std::min(value, text.size());
  const auto back_over_blanks = [&] {
    while (at > 0 && is_blank(text[at - 1])) --at;
  };
  back_over_blanks();
  if (at > 0 && text[at - 1] == '=') {
    --at;
    back_over_blanks();
    if (at > 0 && (text[at - 1] == '"' || text[at - 1] == '\'')) {
      const auto opening = at < 2 ? std::string_view::npos : text.rfind(text[at - 1], at - 2);
      return opening == std::string_view::npos ? at - 1 : opening;
    }
    while (at > 0 && is_bare(text[at - 1])) --at;
    return at;
  }
  const auto line_end = std::min(text.find('\n', value), text.size());
  const auto inside = text.substr(value, line_end - value).rfind(key);
  return inside == std::string_view::npos ? value : value + inside;
}

class converter {
 public:
  explicit converter(std::string_view text) : text_(text) {}

  node convert(const value_type& from) const {
    node made;
    made.offset = offset_of(from);
    switch (from.type()) {
      case toml::value_t::boolean:
        made.what = node::kind::boolean;
        made.boolean = from.as_boolean();
        break;
      case toml::value_t::integer:
        made.what = node::kind::integer;
        made.integer = from.as_integer();
        break;
      case toml::value_t::floating:
        made.what = node::kind::real;
        break;
      case toml::value_t::string:
        made.what = node::kind::text;
        made.text = from.as_string().str;
        break;
      case toml::value_t::array:
        made.what = node::kind::list;
        for (const auto& each : from.as_array()) made.items.push_back(convert(each));
        break;
      case toml::value_t::table:
        made.what = node::kind::table;
        made.members = convert(from.as_table());
        break;
      case toml::value_t::empty:
        break;
      default:
        made.what = node::kind::date;
        break;
    }
    return made;
  }

 private:
  std::vector<member> convert(const value_type::table_type& from) const {
    std::vector<member> made;
    for (const auto& [key, value] : from) {
      made.push_back({key, find_key(text_, key, offset_of(value)), convert(value)});
    }
    // toml11 keeps no order; problems are told in the order of the text.
    std::ranges::sort(made, {}, [](const member& each) { return each.offset; });
    return made;
  }

  static std::size_t offset_of(const value_type& from) {
    // The interface for this, location(), counts lines from the top each time it is asked.
    const auto* place = dynamic_cast<const toml::detail::region*>(toml::detail::get_region(from));
    return place == nullptr ? 0 : static_cast<std::size_t>(place->first() - place->begin());
  }

  std::string_view text_;
};

/// What toml11 says about a syntax error, taken apart. Its exceptions know a place of their own,
/// but after a failed attempt that is the start of the attempt; the report has the true one:
///     [error] toml::parse_key_value_pair: missing key-value separator `=`
///      --> name
///        |
///      3 | the line
///        |     ^--- should be `=`
struct syntax_report {
  std::string message;
  std::string note;
  std::size_t line = 0;  ///< 0: the report names none
  std::size_t column = 1;
};

syntax_report take_apart(const std::string& what) {
  syntax_report made;
  std::istringstream lines(what);
  std::string line;
  std::getline(lines, made.message);
  while (std::getline(lines, line)) {
    const auto bar = line.find(" | ");
    if (bar == std::string::npos) continue;
    const auto digits = line.find_first_not_of(' ');
    if (digits < bar) {
      made.line = std::strtoul(line.c_str() + digits, nullptr, 10);
    } else if (const auto mark = line.find_first_of("^~", bar); mark != std::string::npos) {
      // A later place is the better one: "already exists here", "defined twice".
      made.column = mark - bar - 2;
      const auto note = line.find_first_not_of("^~- ", mark);
      made.note = note == std::string::npos ? "" : line.substr(note);
      if (made.note == "here") made.note.clear();
    }
  }
  for (const auto* prefix : {"[error] ", "toml::"}) {
    if (made.message.starts_with(prefix)) made.message.erase(0, std::strlen(prefix));
  }
  // "parse_value: ", "detail::…: " name functions of the library.
  const auto colon = made.message.find(": ");
  if (colon != std::string::npos && made.message.find(' ') > colon)
    made.message.erase(0, colon + 2);
  while (!made.message.empty() && made.message.back() == ' ') made.message.pop_back();
  return made;
}

std::size_t offset_of(std::string_view text, std::size_t line, std::size_t column) {
  std::size_t start = 0;
  for (; line > 1; --line) {
    const auto newline = text.find('\n', start);
    if (newline == std::string_view::npos) return text.size();
    start = newline + 1;
  }
  return std::min(start + column - 1, text.size());
}

void report_syntax(const toml::exception& failure, const std::shared_ptr<const source>& from,
                   findings& found) {
  auto report = take_apart(failure.what());
  if (report.line == 0) report.line = failure.location().line();
  found.error({from, offset_of(from->text, report.line, report.column)},
              "not valid TOML: " + report.message, report.note);
}

}  // namespace

std::optional<node> read_toml(const std::shared_ptr<const source>& from, findings& found) {
  if (const auto refused = refuse_toml(from->text)) {
    found.error({from, refused->offset}, std::string(refused->message), std::string(refused->hint));
    return std::nullopt;
  }
  try {
    std::istringstream text(from->text);
    return converter(from->text)
        .convert(toml::parse<toml::discard_comments, std::unordered_map, checked_array>(text, ""));
  } catch (const toml::exception& failure) {
    report_syntax(failure, from, found);
  } catch (const std::exception& failure) {
    found.error({from, 0}, std::string("not valid TOML: ") + failure.what());
  }
  return std::nullopt;
}

}  // namespace relay::config
