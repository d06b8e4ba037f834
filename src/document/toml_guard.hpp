#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace relay::document {

/// Why a text is not given to toml11, and where.
struct toml_refusal {
  std::size_t offset = 0;
  std::string_view message;
  std::string_view hint;
};

/// Whether toml11 would read this in bounded time and without exhausting the stack, decided in one
/// pass. toml11 recurses for each bracket, builds a table for each dot of a key, and looks at the
/// whole line, and at the comments above it, once more for each value that stands in it.
std::optional<toml_refusal> refuse_toml(std::string_view text);

}  // namespace relay::document
