#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace relay::document {

/// What is wrong with a line, in words for somebody who has not read TOML's grammar.
struct toml_mistake {
  std::size_t offset = 0;
  std::string message;
  std::string hint;
};

/// The mistakes that are made most: a text without quotes, or without its last one, `yes` for
/// `true`, and `[table]` for each of several. `at`: anywhere in the line that the parser refuses.
/// Nothing: it is another one, and the parser's own words have to do.
std::optional<toml_mistake> find_toml_mistake(std::string_view text, std::size_t at);

}  // namespace relay::document
