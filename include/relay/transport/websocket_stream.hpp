#pragma once

#include <relay/transport/empty_budget.hpp>
#include <relay/transport/stream.hpp>
#include <relay/transport/websocket_pinger.hpp>
#include <relay/wire/websocket.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace relay::transport {

/// Payload in WebSocket frames over another stream, after the handshake (spec 9.2): a frame for
/// each write, its header in the headroom of the payload; frames are taken apart where the reader
/// wants them. The end of the data is the end of the stream below, without a close frame; a peer
/// that breaks the rules gets one that says so. It borrows the stream below, which gets no
/// headroom.
class websocket_stream final : public stream {
 public:
  /// `come`: what has arrived behind the peer's head, as is.
  websocket_stream(stream& below, wire::ws_role role, std::span<const std::byte> come = {});

  /// From now on a ping leaves after so much silence.
  void keep_alive(net::poller& poller, net::timer_wheel& wheel, std::chrono::milliseconds every) {
    pinger_ = std::make_unique<websocket_pinger>(poller, wheel, every);
  }

  /// Goes on over another stream. Of `from` nothing is left, and its pings have ended.
  websocket_stream(websocket_stream&& from, stream& below) noexcept;

  /// From now on it tells where messages end: one write is one message, and a read tells where
  /// those end that it found.
  void keep_messages() {
    decoder_.tell_messages();
    messages_ = std::make_unique<message_notes>();
  }
  /// In the payload of the last read.
  std::span<const wire::ws_message_end> message_ends() const noexcept { return messages_->ends; }
  /// A ping of ours leaves with the next flush,
  void ping(std::span<const std::byte> payload);
  /// and whether a pong has come since the last question.
  bool take_pong() noexcept { return messages_ && std::exchange(messages_->has_pong, false); }
  /// A last word: the close frame with this code and reason, then the end.
  void say_goodbye(std::uint16_t code, std::string_view reason);

  void notify(net::waiter* whom) noexcept override {
    if (pinger_) pinger_->notify(whom);
    below_.notify(whom);
  }
  io_result read_some(std::span<std::byte> into) override;
  io_result write_some(std::span<std::byte> data) override;
  bool can_splice() const noexcept override { return below_.can_splice(); }
  io_result splice_to_pipe(int pipe, std::size_t limit) override;
  io_result splice_from_pipe(int pipe, std::size_t bytes) override;
  /// Sends the pongs and pings that are due.
  io_result flush() override;
  /// A peer that has sent a close frame gets one now, behind all that was written.
  io_result shutdown_write() override;
  error_code broken() override { return below_.broken(); }
  std::size_t unsent() override { return below_.unsent(); }
  std::size_t receive_memory() override { return below_.receive_memory(); }
  std::size_t send_memory() override { return below_.send_memory(); }
  void limit_unsent(std::size_t bytes) noexcept override { below_.limit_unsent(bytes); }
  void freeze_receive_buffer() noexcept override { below_.freeze_receive_buffer(); }
  void thaw_receive_buffer(std::size_t window) noexcept override {
    below_.thaw_receive_buffer(window);
  }
  /// A peer that was told what it did wrong sees an end behind that.
  void abort() noexcept override;

  /// Whether it holds memory beside itself: not while it is idle.
  bool holds_memory() const noexcept { return own_ != nullptr || come_ != nullptr; }

 private:
  // What is sent beside payload. Rare, so it is not kept in place.
  struct own_output {
    std::vector<std::byte> frames;  // pongs and pings, and in the end the close
    std::size_t at = 0;             // sent of them
    std::vector<std::byte> newest;  // the pong that stands for all that found no room there
    std::vector<std::byte> close;   // the frame that answers the peer's
  };

  // Only where messages mean something.
  struct message_notes {
    std::vector<wire::ws_message_end> ends;
    bool has_pong = false;
  };

  struct digested {
    std::size_t payload = 0;   // now at the front
    std::size_t used = 0;      // of the bytes given
    std::uint32_t frames = 0;  // that were begun
    std::uint32_t empty = 0;   // of them
  };
  io_result take(std::span<std::byte> into);
  digested digest(std::span<std::byte> bytes);
  std::uint32_t price_of(const digested& what);
  io_result ended(const error_code& how);
  io_result over();
  void heard() noexcept {
    if (pinger_) pinger_->heard();
  }
  void sent() {
    if (pinger_) pinger_->sent();
  }
  own_output& own();
  std::vector<std::byte> frame_of(wire::ws_opcode opcode, std::span<const std::byte> payload) const;
  void answer(wire::ws_event event);
  void answer_ping();
  void answer_close();
  void tell_what_is_wrong();
  /// Read already, to be decoded before all else.
  void keep_first(std::span<const std::byte> bytes);
  io_result ping_when_due();
  bool owes() const noexcept;
  io_result send_own();
  io_result begin_frame(std::size_t bytes);
  io_result read_header();

  stream& below_;
  wire::ws_decoder decoder_;
  std::unique_ptr<std::vector<std::byte>> come_;  // was read already and is decoded first
  std::unique_ptr<own_output> own_;               // null: nothing to send
  std::unique_ptr<websocket_pinger> pinger_;
  std::unique_ptr<message_notes> messages_;
  std::size_t promised_ = 0;  // payload of the frame that was begun and is not sent yet
  error_code why_;            // the peer sent what is no frame; told when it is its turn
  empty_budget silence_;      // pings, pongs and empty frames of the peer
  wire::ws_role role_;
  std::uint8_t header_left_ = 0;     // of the frame that was begun
  std::uint8_t small_frames_ = 255;  // came in a row since the last big one
  bool ended_ = false;               // the peer's direction
  bool shut_ = false;                // ours
  bool told_ = false;                // the peer, that it broke the rules
};

}  // namespace relay::transport
