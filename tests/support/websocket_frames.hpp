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
  std::string key{};             ///< four bytes, as clients must; empty: not masked
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

/// The key of clients that hide nothing.
inline const std::string zero_key(4, '\0');

/// Frames of payload as one peer sends them, one after the other, in all the ways there are.
class random_frames {
 public:
  random_frames(std::mt19937& noise, wire::ws_role peer) : noise_(noise), peer_(peer) {}

  /// Of at most so many bytes.
  foreign_frame next(std::size_t most) {
    foreign_frame made;
    made.payload = random_bytes(noise_, noise_() % 4 == 0 ? noise_() % 4 : noise_() % (most + 1));
    made.first = in_message_ ? 0U : 1U + noise_() % 2;
    in_message_ = noise_() % 2 == 0;
    if (!in_message_) made.first |= 0x80U;
    if (peer_ == wire::ws_role::client) {
      made.key = noise_() % 3 == 0 ? zero_key : random_bytes(noise_, 4);
    }
    if (noise_() % 4 == 0)
      made.length_bytes = made.payload.size() > 0xffff ? 8 : 2U << 2 * (noise_() % 2);
    return made;
  }

 private:
  std::mt19937& noise_;
  wire::ws_role peer_;
  bool in_message_ = false;
};

}  // namespace relay::test
