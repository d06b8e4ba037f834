#pragma once

#include <relay/transport/stream.hpp>

namespace relay::transport {

/// A TCP connection without anything around it. The watch is made empty; the listener's or the
/// dialer's descriptor is attached to it.
class plain_stream final : public stream {
 public:
  explicit plain_stream(net::poller& on) noexcept : socket_(on) {}

  net::watch& socket() noexcept { return socket_; }

  void notify(net::waiter* whom) noexcept override { socket_.notify(whom); }
  bool is_quiet() const noexcept override {
    return !net::has(socket_.events(), net::seen::readable);
  }
  io_result read_some(std::span<std::byte> into) override;
  io_result write_some(std::span<std::byte> data) override;
  io_result write_more(std::span<std::byte> data) override;
  bool can_splice() const noexcept override { return true; }
  io_result splice_to_pipe(int pipe, std::size_t limit) override;
  io_result splice_from_pipe(int pipe, std::size_t bytes) override;
  net::watch* spliced_socket() noexcept override { return &socket_; }
  io_result shutdown_write() override;
  error_code broken() override;
  std::size_t unsent() override;
  std::size_t receive_memory() override;
  std::size_t send_memory() override;
  void limit_unsent(std::size_t bytes) noexcept override;
  void freeze_receive_buffer() noexcept override;
  void thaw_receive_buffer(std::size_t window) noexcept override;
  void abort() noexcept override;

 private:
  io_result nothing_left() const;
  io_result send(std::span<std::byte> data, int flags);
  io_result write_failure();
  void forgotten_error(int number);

  net::watch socket_;
};

}  // namespace relay::transport
