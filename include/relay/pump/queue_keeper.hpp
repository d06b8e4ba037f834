#pragma once

#include <relay/pump/workspace.hpp>
#include <relay/transport/stream.hpp>

#include <cstddef>
#include <cstdint>

namespace relay::pump {

/// Keeps the queues of one direction's sockets – what its sink has not sent yet, what its source
/// has not read – small where `socket_memory` asks for it, and gives them back to the kernel's care
/// when the reader reads. Six bytes, since every connection has two of them.
///
/// A source that begins in a crowd keeps the receive buffer it has until its reader has shown that
/// it reads: what a sender has been told once cannot be taken back. Once much is held, a sink may
/// leave unsent what its direction moves in a thirtieth of a second, or its share of the bound if
/// that is more; so a fast reader has the queues it needs, however many are slow. Beyond that the
/// kernel gives a source about twice what is read of it at once, which the sink's queue bounds.
class queue_keeper {
 public:
  /// A direction that has moved so much counts.
  static constexpr std::uint64_t least_moved = 64 * 1024;
  /// A reader that took so much reads: more than its system holds for one that does not.
  static constexpr std::uint64_t trust = 512 * 1024;
  /// Less would make a wake-up of every few packets.
  static constexpr std::uint64_t least_queue = 16 * 1024;
  /// What a source may be sent ahead when its reader has shown that it reads: twice its share, but
  /// not less than this and not more than `ample`; from there on the kernel enlarges it again.
  static constexpr std::uint64_t least_window = 128 * 1024;
  /// From here on a sink's queue is left to the kernel;
  static constexpr std::uint64_t ample = 1024 * 1024;
  /// or from here on, when it is tight.
  static constexpr std::uint64_t ample_when_tight = 4 * ample;

  /// Its streams, and what it has moved.
  struct flow {
    transport::stream& from;
    transport::stream& to;
    workspace& shared;
    std::uint64_t moved;
  };

  /// The direction has moved something: whether it counts from now on.
  void begin(const flow& of);
  /// It has moved `bytes` in a run, and its sink takes no more, or has taken all. What messages
  /// leave in the queues is not asked for.
  void ran(const flow& of, std::uint64_t bytes, bool sink_is_full);
  void leave(workspace& shared) noexcept;

  bool is_counted() const noexcept { return (state_ & counted) != 0; }

 private:
  static constexpr std::uint8_t counted = 0x80;
  static constexpr std::uint8_t frozen = 0x40;  // the source's buffer
  static constexpr std::uint8_t fast = 0x20;    // in the last interval
  static constexpr std::uint8_t level = 0x1f;   // of the sink: a power of two; 0: the kernel's

  std::uint64_t queue() const noexcept;
  static std::uint64_t smallest(const flow& of);
  /// How much the sink's queue may hold from now on; 0: what the kernel likes.
  std::uint64_t allowed(const flow& of);
  void limit_queue(const flow& of, std::uint64_t bytes);
  void freeze_source(const flow& of);
  void thaw_source(const flow& of);
  void hold(const flow& of, std::uint64_t bytes);
  void begin_interval(const flow& of);

  std::uint16_t held_ = 0;   // in pages of 16 KiB: what was last counted
  std::uint16_t moved_ = 0;  // at the beginning of the interval, in 64 KiB; wraps
  std::uint8_t since_ = 0;   // when that was, in intervals; wraps
  std::uint8_t state_ = 0;
};

}  // namespace relay::pump
