#pragma once

// toml11 4.4, included by toml_tree.cpp alone, behind <toml.hpp>.

#include "toml11_failure.hpp"

#include <exception>
#include <optional>
#include <sstream>

namespace relay::document::toml11 {

struct types : toml::type_config {
  using comment_type = toml::discard_comments;
};

using value_type = toml::basic_value<types>;

inline const std::string& text_of(const value_type& from) { return from.as_string(); }

class places {
 public:
  explicit places(std::string_view text) : lines_(text) {}

  /// Of the first byte of a value, or of the header of a table.
  std::size_t offset_of(const value_type& from) const {
    const auto place = from.location();
    return lines_.offset_of(place.first_line_number(), place.first_column_number());
  }

 private:
  line_starts lines_;
};

/// Nothing when the text is no TOML: then `why` says where and why.
inline std::optional<value_type> parse(const std::string& text, failure& why) {
  try {
    std::istringstream stream(text);
    auto read = toml::try_parse<types>(stream, "");
    if (read.is_ok()) return std::move(read.unwrap());
    const auto& first = read.unwrap_err().front();
    why.message = without_functions(first.title());
    if (first.locations().empty()) return std::nullopt;
    // A later place is the better one: "already exists here", "defined twice".
    const auto& [place, note] = first.locations().back();
    why.offset =
        line_starts(text).offset_of(place.first_line_number(), place.first_column_number());
    if (note != "here") why.note = note;
  } catch (const std::exception& e) {
    why.message = e.what();
  }
  return std::nullopt;
}

}  // namespace relay::document::toml11
