#include <relay/wire/websocket.hpp>

#include <bit>
#include <cstring>
#include <string>

namespace relay::wire {
namespace {

constexpr unsigned final_bit = 0x80;
constexpr unsigned reserved_bits = 0x70;
constexpr unsigned mask_bit = 0x80;

class ws_category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "websocket"; }
  std::string message(int code) const override {
    switch (static_cast<ws_errc>(code)) {
      case ws_errc::reserved_bits:
        return "reserved bits of a WebSocket frame are set";
      case ws_errc::unknown_opcode:
        return "unknown kind of WebSocket frame";
      case ws_errc::long_control:
        return "WebSocket control frame above 125 bytes";
      case ws_errc::fragmented_control:
        return "WebSocket control frame in parts";
      case ws_errc::long_frame:
        return "WebSocket frame above 2^63 bytes";
      case ws_errc::not_masked:
        return "WebSocket frame of a client without a mask";
      case ws_errc::masked:
        return "masked WebSocket frame of a server";
      case ws_errc::within_message:
        return "new WebSocket message within another";
      case ws_errc::no_message:
        return "continuation of no WebSocket message";
      case ws_errc::no_pong:
        return "the peer does not answer WebSocket pings any more";
    }
    return "unknown error";
  }
};

unsigned value_of(std::byte from) { return std::to_integer<unsigned>(from); }

std::uint64_t big_endian(std::span<const std::byte> from) {
  std::uint64_t value = 0;
  for (const auto each : from) value = value << 8 | value_of(each);
  return value;
}

/// How many bytes follow the first two for the length.
std::size_t length_bytes(unsigned short_length) {
  return short_length == 127 ? 8 : short_length == 126 ? 2 : 0;
}

/// What the first two bytes cannot say; 0: nothing.
ws_errc objection(unsigned first) {
  if ((first & reserved_bits) != 0) return ws_errc::reserved_bits;
  switch (static_cast<ws_opcode>(first & 0x0f)) {
    case ws_opcode::continuation:
    case ws_opcode::text:
    case ws_opcode::binary:
      return {};
    case ws_opcode::close:
    case ws_opcode::ping:
    case ws_opcode::pong:
      return (first & final_bit) != 0 ? ws_errc{} : ws_errc::fragmented_control;
  }
  return ws_errc::unknown_opcode;
}

bool is_control(ws_opcode opcode) { return opcode >= ws_opcode::close; }

}  // namespace

error_code make_error_code(ws_errc code) noexcept {
  static const ws_category category;
  return {static_cast<int>(code), category};
}

ws_header_answer read_ws_header(std::span<const std::byte> seen) noexcept {
  if (seen.empty()) return ws_needs{2};
  const auto first = value_of(seen[0]);
  if (const auto wrong = objection(first); wrong != ws_errc{}) return wrong;
  if (seen.size() < 2) return ws_needs{1};
  ws_header made;
  made.opcode = static_cast<ws_opcode>(first & 0x0f);
  made.is_final = (first & final_bit) != 0;
  made.is_masked = (value_of(seen[1]) & mask_bit) != 0;
  made.length = value_of(seen[1]) & 0x7f;
  if (is_control(made.opcode) && made.length > longest_ws_control) return ws_errc::long_control;
  const auto wide = length_bytes(static_cast<unsigned>(made.length));
  made.size = 2 + wide + (made.is_masked ? 4U : 0U);
  // A frame of 2^63 bytes never was: refused as soon as the byte that says so is there.
  if (wide == 8 && seen.size() > 2 && (value_of(seen[2]) & 0x80) != 0) return ws_errc::long_frame;
  if (seen.size() < made.size) return ws_needs{made.size - seen.size()};
  if (wide > 0) made.length = big_endian(seen.subspan(2, wide));
  if (made.is_masked) std::memcpy(&made.key, seen.data() + 2 + wide, sizeof(made.key));
  return made;
}

ws_header_bytes::ws_header_bytes(ws_opcode opcode, std::uint64_t length, ws_role role) noexcept {
  const unsigned short_length = length > 0xffff               ? 127U
                                : length > longest_ws_control ? 126U
                                                              : static_cast<unsigned>(length);
  const auto put = [this](unsigned value) { bytes_[size_++] = static_cast<std::byte>(value); };
  put(final_bit | static_cast<unsigned>(opcode));
  put((role == ws_role::client ? mask_bit : 0U) | short_length);
  for (auto shift = 8 * length_bytes(short_length); shift > 0;) {
    shift -= 8;
    put(static_cast<unsigned>(length >> shift & 0xff));
  }
  if (role == ws_role::client) size_ += 4;  // the key is zero
}

std::uint32_t ws_unmask(std::span<std::byte> data, std::uint32_t key) noexcept {
  if (key == 0) return 0;
  const auto wide = std::uint64_t{key} << 32 | key;
  auto* at = data.data();
  auto left = data.size();
  for (; left >= sizeof(wide); at += sizeof(wide), left -= sizeof(wide)) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    word ^= wide;
    std::memcpy(at, &word, sizeof(word));
  }
  std::array<std::byte, 4> bytes{};
  std::memcpy(bytes.data(), &key, sizeof(key));
  for (std::size_t i = 0; i < left; ++i) at[i] ^= bytes[i % 4];
  // The next byte meets the key where this one stopped.
  const auto turn = static_cast<int>(8 * (data.size() % 4));
  return std::endian::native == std::endian::little ? std::rotr(key, turn) : std::rotl(key, turn);
}

}  // namespace relay::wire
