#include "big_endian.hpp"

#include <relay/wire/rtunnel.hpp>

namespace relay::wire {

std::optional<rtunnel_header> read_rtunnel(std::span<const std::byte> message) noexcept {
  if (message.size() < rtunnel_header_bytes) return std::nullopt;
  const auto* const at = message.data();
  rtunnel_header made;
  made.type = static_cast<std::uint8_t>(at[0]);
  made.sequence = get_number(at + 1, 8);
  made.ack = get_number(at + 9, 8);
  made.length = static_cast<std::uint32_t>(get_number(at + 17, 4));
  if (message.size() - rtunnel_header_bytes < made.length) return std::nullopt;
  return made;
}

std::array<std::byte, rtunnel_header_bytes> write_rtunnel(const rtunnel_header& of) noexcept {
  std::array<std::byte, rtunnel_header_bytes> made{};
  made[0] = static_cast<std::byte>(of.type);
  put_number(made.data() + 1, of.sequence, 8);
  put_number(made.data() + 9, of.ack, 8);
  put_number(made.data() + 17, of.length, 4);
  return made;
}

}  // namespace relay::wire
