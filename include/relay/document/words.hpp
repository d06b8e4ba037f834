#pragma once

#include <string_view>

namespace relay::document {

/// A word of a document, and what it stands for.
template <class Enum>
struct word {
  std::string_view name;
  Enum value;
};

/// The word for a value; empty when there is none.
template <class Words, class Enum>
constexpr std::string_view word_for(const Words& words, Enum value) {
  for (const auto& each : words) {
    if (each.value == value) return each.name;
  }
  return {};
}

}  // namespace relay::document
