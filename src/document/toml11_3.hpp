#pragma once

// toml11 3.7, included by toml_tree.cpp alone, behind <toml.hpp>.

#include "toml11_failure.hpp"

#include <cstdlib>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace relay::document::toml11 {

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

inline const std::string& text_of(const value_type& from) { return from.as_string().str; }

class places {
 public:
  explicit places(std::string_view) {}

  /// Of the first byte of a value, or of the header of a table.
  std::size_t offset_of(const value_type& from) const {
    // The interface for this, location(), counts lines from the top each time it is asked.
    const auto* place = dynamic_cast<const toml::detail::region*>(toml::detail::get_region(from));
    return place == nullptr ? 0 : static_cast<std::size_t>(place->first() - place->begin());
  }
};

/// Takes apart what toml11 says about a syntax error. Its exceptions know a place of their own, but
/// after a failed attempt that is the start of the attempt; the report has the true one:
///     [error] toml::parse_key_value_pair: missing key-value separator `=`
///      --> name
///        |
///      3 | the line
///        |     ^--- should be `=`
inline failure take_apart(const toml::exception& from, std::string_view text) {
  failure made;
  std::size_t line = from.location().line();
  std::size_t column = 1;
  std::istringstream report(from.what());
  std::string row;
  std::getline(report, row);
  made.message = without_functions(row);
  while (std::getline(report, row)) {
    const auto bar = row.find(" | ");
    if (bar == std::string::npos) continue;
    const auto digits = row.find_first_not_of(' ');
    if (digits < bar) {
      line = std::strtoul(row.c_str() + digits, nullptr, 10);
    } else if (const auto mark = row.find_first_of("^~", bar); mark != std::string::npos) {
      // A later place is the better one: "already exists here", "defined twice".
      column = mark - bar - 2;
      const auto note = row.find_first_not_of("^~- ", mark);
      made.note = note == std::string::npos ? "" : row.substr(note);
      if (made.note == "here") made.note.clear();
    }
  }
  made.offset = line_starts(text).offset_of(line, column);
  return made;
}

/// Nothing when the text is no TOML: then `why` says where and why.
inline std::optional<value_type> parse(const std::string& text, failure& why) {
  try {
    std::istringstream stream(text);
    return toml::parse<toml::discard_comments, std::unordered_map, checked_array>(stream, "");
  } catch (const toml::exception& e) {
    why = take_apart(e, text);
  } catch (const std::exception& e) {
    why.message = e.what();
  }
  return std::nullopt;
}

}  // namespace relay::document::toml11
