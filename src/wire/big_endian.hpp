#pragma once

#include <cstddef>
#include <cstdint>

/// Integers as protocols write them. Inside of `wire` only.
namespace relay::wire {

inline void put_number(std::byte* at, std::uint64_t value, std::size_t bytes) noexcept {
  for (std::size_t i = bytes; i-- > 0; value >>= 8) at[i] = static_cast<std::byte>(value & 0xff);
}

inline std::uint64_t get_number(const std::byte* at, std::size_t bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<std::uint64_t>(at[i]);
  return value;
}

}  // namespace relay::wire
