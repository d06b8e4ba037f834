#pragma once

#include <relay/transport/stream.hpp>
#include <relay/wire/websocket.hpp>

#include <memory>
#include <vector>

namespace relay::transport {

/// Payload in WebSocket frames over another stream, after the handshake (spec 9.2): a frame for
/// each write, its header in the headroom of the payload; frames are taken apart where the reader
/// wants them. The end of the data is the end of the stream below, without a close frame. It
/// borrows the stream below, which gets no headroom.
class websocket_stream final : public stream {
 public:
  /// `come`: what has arrived behind the peer's head, as is.
  websocket_stream(stream& below, wire::ws_role role, std::span<const std::byte> come = {});

  void notify(net::waiter* whom) noexcept override { below_.notify(whom); }
  io_result read_some(std::span<std::byte> into) override;
  io_result write_some(std::span<std::byte> data) override;
  bool can_splice() const noexcept override { return below_.can_splice(); }
  io_result splice_to_pipe(int pipe, std::size_t limit) override;
  io_result splice_from_pipe(int pipe, std::size_t bytes) override;
  /// Sends the pongs that are due.
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
  void abort() noexcept override { below_.abort(); }

  /// Whether it holds memory beside itself: not while it is idle.
  bool holds_memory() const noexcept { return own_ != nullptr || !come_.empty(); }

 private:
  // What is sent beside payload. Rare, so it is not kept in place.
  struct own_output {
    std::vector<std::byte> frames;  // pongs, and in the end the close
    std::size_t at = 0;             // sent of them
    std::vector<std::byte> close;   // the frame that answers the peer's
  };

  io_result take(std::span<std::byte> into);
  std::size_t digest(std::span<std::byte> bytes);
  io_result ended();
  io_result over() const;
  void answer_ping();
  void answer_close();
  io_result send_own();
  io_result begin_frame(std::size_t bytes);
  io_result read_header();

  stream& below_;
  wire::ws_decoder decoder_;
  std::vector<std::byte> come_;      // was read already and is decoded first
  std::unique_ptr<own_output> own_;  // null: nothing to send
  std::size_t promised_ = 0;         // payload of the frame that was begun and is not sent yet
  error_code why_;                   // the peer sent what is no frame; told when it is its turn
  wire::ws_role role_;
  std::uint8_t header_left_ = 0;     // of the frame that was begun
  std::uint8_t small_frames_ = 255;  // came in a row since the last big one
  bool ended_ = false;               // the peer's direction
  bool shut_ = false;                // ours
};

}  // namespace relay::transport
