#pragma once

#include <charconv>
#include <optional>
#include <string>

namespace relay::ops {

/// Digits and nothing else, in range.
template <class Number>
std::optional<Number> whole_number(const std::optional<std::string>& text) {
  if (!text || text->empty() || text->front() == '-') return {};
  Number value{};
  const auto* const end = text->data() + text->size();
  const auto [stopped, ec] = std::from_chars(text->data(), end, value);
  if (ec != std::errc{} || stopped != end) return {};
  return value;
}

}  // namespace relay::ops
