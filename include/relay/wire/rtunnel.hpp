#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// The packets of RTunnel, as its released programs write them: one packet is one binary message of
/// WebSocket, a header of 21 bytes and its payload. Integers are big-endian. Bytes in, values out.
namespace relay::wire {

constexpr std::size_t rtunnel_header_bytes = 21;
/// Of payload in one packet: what the real programs read at once, and the most that they take.
constexpr std::size_t rtunnel_payload = 16384;
constexpr std::size_t longest_rtunnel_message = 65536;
/// Packets that may be under way without an acknowledgement.
constexpr std::size_t rtunnel_window = 128;

/// The snapshot (G1) and the released fork (G2) number FIN differently, and ignore what they do not
/// know; so both are taken for FIN. 16 is ours, announced in the heads: the sender's data end here,
/// and it goes on reading.
enum class rtunnel_type : std::uint8_t { data = 1, ack = 2, fin_g2 = 3, fin_g1 = 4, end = 16 };

struct rtunnel_header {
  std::uint8_t type = 0;       ///< `rtunnel_type`, or one that is to be ignored
  std::uint64_t sequence = 0;  ///< of DATA, from 1; likewise of an end
  std::uint64_t ack = 0;       ///< of ACK: everything up to this has been taken
  std::uint32_t length = 0;    ///< of the payload

  bool is(rtunnel_type what) const noexcept { return type == static_cast<std::uint8_t>(what); }
  bool is_fin() const noexcept { return is(rtunnel_type::fin_g1) || is(rtunnel_type::fin_g2); }
  friend bool operator==(const rtunnel_header&, const rtunnel_header&) = default;
};

/// The header of a message. Nothing when the message is shorter than it or than what it announces:
/// such a packet is ignored, and the connection goes on. Bytes beyond the payload mean nothing.
std::optional<rtunnel_header> read_rtunnel(std::span<const std::byte> message) noexcept;
std::array<std::byte, rtunnel_header_bytes> write_rtunnel(const rtunnel_header& of) noexcept;

/// The names by which a client asks only whether somebody is there. No target is dialled for them.
constexpr std::string_view rtunnel_probe_g1 = "test-connection";
constexpr std::string_view rtunnel_probe_g2 = "myth-chatbot";

}  // namespace relay::wire
