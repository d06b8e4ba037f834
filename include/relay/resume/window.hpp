#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace relay::resume {

/// How packets are written on a carrier.
enum class encoding : std::uint8_t {
  own,      ///< docs/resume.md: between two relays, over any stream
  rtunnel,  ///< a packet is a message of WebSocket
};

/// What a window may hold.
struct window_limits {
  std::size_t bytes = std::size_t{4} << 20;
  std::size_t packets = SIZE_MAX;
  std::size_t payload = std::size_t{64} << 10;  ///< of one packet
};

/// What was sent and is not acknowledged yet, packet by packet, with the cursor of what goes out
/// next. The packets are kept until the peer says that it has them: a new carrier begins again
/// where that says. Plain data; nothing is kept while nothing is outstanding.
class window {
 public:
  /// Writable bytes in front of each payload: headers of the encoding and of the streams below.
  static constexpr std::size_t front = 64;

  struct packet {
    std::uint64_t number = 0;
    bool is_end = false;             ///< "my data end here"; without payload
    std::vector<std::byte> storage;  ///< `front` bytes, then the payload

    std::span<const std::byte> payload() const noexcept {
      return std::span(storage).subspan(front);
    }
    std::byte* begin() noexcept { return storage.data() + front; }
  };

  explicit window(window_limits most) noexcept : most_(most) {}

  /// Payload that `add` would take now.
  std::size_t room() const noexcept;
  /// Takes what there is room for. Small pieces that wait go into one packet.
  std::size_t add(std::span<const std::byte> payload);
  /// The end; nothing can be added behind it.
  void add_end();
  bool has_end() const noexcept { return has_end_; }

  /// The peer has everything up to `number`. False: that was never sent.
  bool acknowledge(std::uint64_t number);
  /// From here on the cursor is at the oldest packet that is not acknowledged.
  void rewind() noexcept;

  bool has_next() const noexcept { return next_ < packets_.size(); }
  /// The packet that goes out next, or null. It is begun with that: it is not changed any more, and
  /// stays until `end_next` or `rewind`, even if the peer has it from another carrier.
  packet* begin_next() noexcept;
  /// All of it has left.
  void end_next() noexcept;

  std::uint64_t acknowledged() const noexcept { return acknowledged_; }
  std::uint64_t last() const noexcept { return last_; }
  /// Everything up to the end, and that.
  bool is_acknowledged() const noexcept { return acknowledged_ == last_; }
  /// Payload that is not acknowledged.
  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t packets() const noexcept { return packets_.size(); }

 private:
  void drop_acknowledged() noexcept;
  std::size_t cost() const noexcept;

  window_limits most_;
  std::deque<packet> packets_;
  std::size_t bytes_ = 0;
  std::size_t next_ = 0;    // index of what goes out next
  std::uint64_t last_ = 0;  // number that was given last
  std::uint64_t sent_ = 0;  // highest number that was ever on its way
  std::uint64_t acknowledged_ = 0;
  bool is_begun_ = false;  // it is on its way
  bool has_end_ = false;
};

}  // namespace relay::resume
