#pragma once

#include <relay/base/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

/// The frames of WebSocket (RFC 6455, section 5) as far as a carrier of bytes needs them (spec
/// 9.2): payload leaves in binary frames and is taken from text frames as well, message boundaries
/// mean nothing. Bytes in, values out.
namespace relay::wire {

enum class ws_opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

/// Who we are: a client's frames carry a mask key, which is always zero here, since peers that
/// lose the phase of the key exist; a server's carry none. The peer is the other one.
enum class ws_role : std::uint8_t { client, server };

/// Why the bytes of a peer are no frames that we take.
enum class ws_errc {
  reserved_bits = 1,
  unknown_opcode,
  long_control,
  fragmented_control,
  long_frame,
  not_masked,
  masked,
  within_message,
  no_message,
  no_pong,  ///< what we send pings to has gone
};
error_code make_error_code(ws_errc code) noexcept;

/// Codes of a close frame (RFC 6455, section 7.4).
enum class ws_close : std::uint16_t {
  protocol_error = 1002,
  not_utf8 = 1007,
  policy = 1008,
};
/// What a close frame with this payload has to be answered with: nothing, and then it is sent back
/// as it is, or what is wrong with it – half a code, one that must not travel (1005 and its kind),
/// a reason that is not UTF-8.
std::optional<ws_close> wrong_in_close(std::span<const std::byte> payload) noexcept;
/// The payload of a close frame that says this code and nothing else.
std::array<std::byte, 2> close_payload(ws_close code) noexcept;

constexpr std::size_t longest_ws_header = 14;
constexpr std::size_t longest_ws_control = 125;

struct ws_header {
  ws_opcode opcode = ws_opcode::binary;
  bool is_final = true;
  bool is_masked = false;
  std::uint32_t key = 0;  ///< its bytes in memory as on the wire; 0 when there is none
  std::uint64_t length = 0;
  std::size_t size = 0;  ///< of the header itself

  friend bool operator==(const ws_header&, const ws_header&) = default;
};

/// Right so far, but cut off.
struct ws_needs {
  std::size_t more = 2;  ///< bytes of the header that are surely still to come
  friend bool operator==(const ws_needs&, const ws_needs&) = default;
};

using ws_header_answer = std::variant<ws_needs, ws_header, ws_errc>;

/// Reads the header at the start of `seen`. Refuses at the first byte that cannot be right,
/// whatever stood before.
ws_header_answer read_ws_header(std::span<const std::byte> seen) noexcept;

/// The header of a frame of `length` bytes that is sent: final, with a zero key from a client.
class ws_header_bytes {
 public:
  ws_header_bytes(ws_opcode opcode, std::uint64_t length, ws_role role) noexcept;
  std::span<const std::byte> span() const noexcept { return std::span(bytes_).first(size_); }
  /// For callees that take bytes they might change.
  std::span<std::byte> writable() noexcept { return std::span(bytes_).first(size_); }
  std::size_t size() const noexcept { return size_; }

 private:
  std::array<std::byte, longest_ws_header> bytes_{};
  std::size_t size_ = 0;
};

/// Applies the key to `data` and returns the key as it goes on behind it.
std::uint32_t ws_unmask(std::span<std::byte> data, std::uint32_t key) noexcept;

/// What stopped a decoder, if anything.
enum class ws_event : std::uint8_t {
  none,     ///< everything was taken
  ping,     ///< `control()` is to be sent back
  pong,     ///< the peer is there; whether it was asked is not our business
  close,    ///< the peer has ended; what follows means nothing
  refused,  ///< `error()` says why; what follows means nothing
  message,  ///< a message has ended here; told only to whoever asked for it
};

/// Where a message ends in the payload of several.
struct ws_message_end {
  std::uint32_t at = 0;
  bool is_text = false;
  friend bool operator==(const ws_message_end&, const ws_message_end&) = default;
};

/// Takes the bytes of a connection apart, however they were cut. Plain data between two pieces.
class ws_decoder {
 public:
  struct pass {
    std::size_t used = 0;     ///< of the bytes given; all of them unless something stopped it
    std::size_t payload = 0;  ///< bytes of payload, now at the front of those given
    ws_event event = ws_event::none;
    std::uint32_t frames = 0;  ///< headers that were complete
    /// Of them, those that bring no payload any further: control frames, empty ones. Not so the
    /// empty frame that ends a message with payload, as some senders have it.
    std::uint32_t empty = 0;
  };
  /// `us`: what the peer may send depends on it.
  explicit ws_decoder(ws_role us = ws_role::server) noexcept : us_(us) {}
  /// From now on it stops where a message ends.
  void tell_messages() noexcept { tells_messages_ = true; }
  /// Of the message that has ended, or that goes on.
  bool is_text() const noexcept { return is_text_; }
  /// Decodes in place. After `close` and `refused` it is not called any more.
  pass decode(std::span<std::byte> bytes);

  /// The payload of the ping or close that was met last; until the next call of `decode`.
  std::span<const std::byte> control() const noexcept { return control_; }
  error_code error() const noexcept { return error_; }

  /// Not within a frame: nothing is missing when the connection ends here.
  bool is_between_frames() const noexcept { return left_ == 0 && head_size_ == 0 && !in_control_; }

  /// Payload bytes of the frame that has begun which may be taken as they lie: they are not masked.
  std::uint64_t bare() const noexcept { return in_control_ || key_ != 0 ? 0 : left_; }
  /// So many of these were taken without us.
  void skip(std::uint64_t bytes) noexcept { left_ -= bytes; }
  /// Bytes that surely belong to the header that comes next or was cut off; 0: within a frame.
  std::size_t header_wanted() const noexcept;
  /// Of the frame of payload that was begun last.
  std::uint64_t frame_length() const noexcept { return frame_length_; }
  std::size_t header_length() const noexcept { return header_length_; }

 private:
  struct cursor;
  bool take_header(cursor& at);
  void take_payload(cursor& at);
  bool take_control(cursor& at);
  ws_errc objection(const ws_header& header) const noexcept;

  std::uint64_t left_ = 0;  // payload of the current frame, of either kind
  std::uint64_t frame_length_ = 0;
  std::uint32_t key_ = 0;  // turned so that it fits the next byte
  std::uint8_t header_length_ = 2;
  std::uint8_t head_size_ = 0;
  ws_opcode opcode_ = ws_opcode::binary;
  ws_role us_;
  // Bits: with bytes every connection would be 8 bytes larger.
  bool in_control_ : 1 = false;
  bool in_message_ : 1 = false;   // its last frame has not begun yet
  bool has_payload_ : 1 = false;  // the message of the frame that was begun last
  bool tells_messages_ : 1 = false;
  bool message_open_ : 1 = false;  // its end is still to be told
  bool is_text_ : 1 = false;
  std::array<std::byte, longest_ws_header> head_{};  // of a header that was cut off
  std::vector<std::byte> control_;
  error_code error_;
};

}  // namespace relay::wire

template <>
struct boost::system::is_error_code_enum<relay::wire::ws_errc> : std::true_type {};
