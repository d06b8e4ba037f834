#pragma once

#include <cstddef>

/// How large a configuration may be: whatever is larger is a mistake, and a way to fill the memory.
namespace relay::config {

/// In bytes, of a text or of all files of a folder.
constexpr std::size_t largest_text = 16U << 20;

/// More than there are ports on two addresses.
constexpr std::size_t most_endpoints = 131072;

/// Ten for each endpoint, and more. A value takes a hundred bytes of memory, however short it was
/// written.
constexpr std::size_t most_values = 2'000'000;

}  // namespace relay::config
