#pragma once

#include <relay/wire/websocket.hpp>

#include <random>
#include <string>
#include <string_view>

namespace relay::test {

/// A frame as a foreign peer may send it: any first byte, any key, any form of length.
struct foreign_frame {
  std::string payload;
  unsigned first = 0x82;         ///< FIN and binary
  std::string key{};             ///< four bytes; empty: not masked
  std::size_t length_bytes = 0;  ///< 1, 2 or 8; 0: the shortest

  std::string bytes() const {
    const auto size = payload.size();
    auto wide = length_bytes;
    if (wide == 0) wide = size > 0xffff ? 8 : size > 125 ? 2 : 1;
    std::string made(1, static_cast<char>(first));
    const auto mask = key.empty() ? 0U : 0x80U;
    const auto marker = wide == 8 ? 127U : wide == 2 ? 126U : static_cast<unsigned>(size);
    made += static_cast<char>(mask | marker);
    for (auto at = wide == 1 ? 0 : wide; at-- > 0;) made += static_cast<char>(size >> (8 * at));
    made += key;
    for (std::size_t i = 0; i < size; ++i) {
      made += key.empty() ? payload[i] : static_cast<char>(payload[i] ^ key[i % 4]);
    }
    return made;
  }
};

inline std::string random_bytes(std::mt19937& noise, std::size_t count) {
  std::string made(count, '\0');
  for (auto& each : made) each = static_cast<char>(noise());
  return made;
}

/// A frame of payload of at most `most` bytes, in one of all the ways there are.
inline foreign_frame random_frame(std::mt19937& noise, std::size_t most) {
  foreign_frame made;
  made.payload = random_bytes(noise, noise() % 4 == 0 ? noise() % 4 : noise() % (most + 1));
  made.first = (noise() % 2 == 0 ? 0x80U : 0U) | (noise() % 2 == 0 ? 2U : 0U);
  if (noise() % 3 != 0) made.key = noise() % 3 == 0 ? std::string(4, '\0') : random_bytes(noise, 4);
  if (noise() % 4 == 0)
    made.length_bytes = made.payload.size() > 0xffff ? 8 : 2U << 2 * (noise() % 2);
  return made;
}

}  // namespace relay::test
