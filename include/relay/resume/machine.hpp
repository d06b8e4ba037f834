#pragma once

#include <relay/resume/window.hpp>
#include <relay/wire/resume.hpp>
#include <relay/wire/rtunnel.hpp>
#include <relay/wire/websocket.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace relay::resume {

/// What a session may do, and with whom.
struct machine_limits {
  encoding as = encoding::own;
  window_limits window{};
  bool half_close = true;  ///< the peer knows the end of one direction
  bool sends_fin_g1 = false;
  bool sends_fin_g2 = true;
  bool takes_text = false;  ///< messages of text are packets, too (G1)
};
/// Toward a peer that writes RTunnel's packets. `half_close`: it has announced our extension.
machine_limits rtunnel_limits(bool half_close, bool sends_fin_g1, bool sends_fin_g2) noexcept;

/// The session: what is numbered, acknowledged, sent again, dropped. It knows no socket and no
/// clock; bytes of a carrier come in by `take`, bytes for it are asked for by `output`. One for
/// both encodings. What it promises: the reader gets each byte of the peer once and in order,
/// whatever becomes of carriers, and nothing is acknowledged before `taken` says so.
class machine {
 public:
  explicit machine(const machine_limits& with) noexcept : with_(with), window_(with.window) {}

  // --- the local side

  /// Takes payload, as far as there is room.
  std::size_t write(std::span<const std::byte> payload);
  /// No more payload follows.
  void end();
  /// The end, and everything before it, has been taken by the peer.
  bool end_is_taken() const noexcept;
  /// The peer is told, as far as it can be, that the session is broken off.
  void reset() noexcept;
  /// The peer is told that we are done.
  void finish() noexcept { fin_due_ = true; }
  /// All payload that `take` has found so far has been taken by whoever it was for.
  void taken() noexcept;
  /// There is something to acknowledge,
  bool owes_ack() const noexcept { return acknowledged_ < taken_; }
  /// so much of it.
  std::size_t owed_bytes() const noexcept { return owed_bytes_; }
  /// It goes out now, not only with the next packet.
  void acknowledge_now() noexcept { ack_due_ = owes_ack(); }

  // --- carriers

  /// A new carrier. Nothing but what `say` was given goes out before `open`,
  void attach();
  /// or this: data follow at once.
  void go_early() noexcept { early_ = true; }
  /// The peer has taken everything, and says nothing more.
  void forget() noexcept { peer_fin_ = true; }
  /// Data may go: the peer has everything up to `has`; nothing: it does not say, so the whole
  /// window goes out again, and it is told what we have.
  /// False: it has what was never sent.
  bool open(std::optional<std::uint64_t> has);
  /// What a new peer is told that we have: what was taken, and not what waits for a reader.
  std::uint64_t tell_taken() noexcept;
  /// The carrier is gone. A packet of which a part came is cut off there; its rest is known when it
  /// comes again.
  void detach() noexcept;
  bool is_open() const noexcept { return open_; }
  /// A frame of a handshake (own encoding).
  void say(std::vector<std::byte> frame);
  void ping(std::uint64_t number) noexcept { ping_due_ = number; }

  /// What goes out next, with at least 16 writable bytes in front; empty: nothing. The same bytes
  /// are offered until `wrote` has taken all of them, and are one message of WebSocket.
  std::span<std::byte> output();
  void wrote(std::size_t bytes) noexcept;
  /// Something waits to be written.
  bool has_output() const noexcept;

  enum class event : std::uint8_t {
    none,
    handshake,  ///< a frame of the handshake is in `heard`; call again with the rest
    violation,  ///< the peer does not speak this; the carrier is of no use any more
  };
  struct pass {
    std::size_t used = 0;
    std::size_t payload = 0;  ///< now at the front of what was given
    event what = event::none;
    std::uint32_t packets = 0;
  };
  /// Takes the bytes of a carrier apart, in place (own encoding).
  pass take(std::span<std::byte> bytes);
  /// The same of RTunnel's: `ends` are the places in `bytes` where messages end, in order. What
  /// cannot be put to the front is left in `spilt`, behind that.
  pass take(std::span<std::byte> bytes, std::span<const wire::ws_message_end> ends);
  std::vector<std::byte> spilt() noexcept {
    return std::exchange(spilt_, std::vector<std::byte>());
  }

  struct handshake_frame {
    std::uint8_t type = 0;
    std::uint64_t number = 0;
    std::vector<std::byte> payload;
  };
  const handshake_frame& heard() const noexcept { return heard_; }

  // --- what is known

  std::uint64_t received() const noexcept { return expected_ - 1; }
  /// The peer's data have ended, and all of them were found.
  bool peer_has_ended() const noexcept { return peer_ended_ || peer_fin_; }
  /// It has said that it is done with the session,
  bool peer_is_done() const noexcept { return peer_fin_; }
  /// or that it is broken off.
  bool was_reset() const noexcept { return peer_reset_; }
  /// Bytes that were written here and that the peer has not acknowledged.
  std::size_t unacknowledged() const noexcept { return window_.bytes(); }
  bool is_full() const noexcept { return window_.room() == 0; }
  bool heard_pong() noexcept { return std::exchange(pong_heard_, false); }
  /// Neither side has anything to say any more.
  bool is_complete() const noexcept;
  /// Whether it keeps memory beside itself.
  bool holds_memory() const noexcept;

 private:
  struct cursor;
  bool begin_frame(const wire::resume_header& head);
  void take_payload(cursor& at);
  void end_frame();
  bool acknowledged(std::uint64_t number);
  bool is_next(std::uint64_t number) const noexcept { return number == expected_; }
  void take_message(std::span<const std::byte> message, std::byte*& out, const std::byte* limit);
  std::span<std::byte> control();
  std::span<std::byte> frame(std::uint8_t type, std::uint64_t number, std::uint64_t ack = 0);
  std::span<std::byte> packet();
  bool may_send_data() const noexcept;
  bool wants_fin() const noexcept;

  machine_limits with_;
  window window_;

  // Out.
  std::span<std::byte> piece_;      // what is offered at the moment
  std::vector<std::byte> said_;     // frames of the handshake that wait
  std::vector<std::byte> control_;  // room of a frame without payload
  bool piece_is_packet_ = false;
  bool attached_ = false;
  bool early_ = false;
  bool open_ = false;
  bool ack_due_ = false;
  bool fin_due_ = false;
  bool fin_is_second_ = false;  // of the two kinds one has gone
  bool fin_sent_ = false;
  bool reset_due_ = false;
  bool is_broken_off_ = false;
  bool ended_ = false;
  std::optional<std::uint64_t> ping_due_;
  std::optional<std::uint64_t> pong_due_;

  // In.
  std::uint64_t expected_ = 1;
  std::uint64_t taken_ = 0;         // by the reader
  std::uint64_t acknowledged_ = 0;  // to the peer
  std::size_t owed_bytes_ = 0;
  std::size_t passed_on_ =
      0;  // of the packet that is expected, from a carrier that broke off in it
  std::uint8_t head_size_ = 0;
  std::array<std::byte, wire::resume_header_bytes> head_{};
  wire::resume_header frame_{};
  std::size_t left_ = 0;  // of the frame that was begun
  std::size_t skip_ = 0;  // of these, not for the reader
  bool in_frame_ = false;
  handshake_frame heard_;
  std::vector<std::byte> message_;  // that was begun
  std::vector<std::byte> spilt_;
  bool peer_ended_ = false;
  bool peer_fin_ = false;
  bool peer_reset_ = false;
  bool pong_heard_ = false;
};

}  // namespace relay::resume
