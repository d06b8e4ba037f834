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
    if (why.message.starts_with("too large integer")) why.message = "the number is out of range";
    // Of several places the last one in the text is where a key or table stands again.
    const line_starts lines(text);
    for (const auto& [place, note] : first.locations()) {
      const auto at = lines.offset_of(place.first_line_number(), place.first_column_number());
      if (at < why.offset) continue;
      why.offset = at;
      why.note = note == "here" ? "" : note;
    }
  } catch (const std::exception& e) {
    why.message = e.what();
  }
  return std::nullopt;
}

}  // namespace relay::document::toml11
