#pragma once

#include <relay/base/ip.hpp>
#include <relay/base/unique_fd.hpp>
#include <relay/net/poller.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

/// Loopback sockets for tests. Ports are chosen by the kernel; every wait has a limit. Failures of
/// the system throw, which fails the test.
namespace relay::test {

constexpr std::chrono::seconds patience{10};

/// A blocking listener at 127.0.0.1, port 0 (or at `host`).
unique_fd listen_any(const char* host = "127.0.0.1", int backlog = 64);
ip_endpoint address_of(int fd);
/// Accepts, waiting up to `patience`.
unique_fd accept_one(int listener);
/// A blocking client; fails the test when it cannot connect.
unique_fd connect_to(const ip_endpoint& to);
/// Two ends of one TCP connection, non-blocking if wanted.
std::pair<unique_fd, unique_fd> tcp_pair(bool non_blocking = true);
/// An address where nobody listens (a port that was just closed).
ip_endpoint refusing_address();

/// An address whose listener never accepts and whose queue is full: connects hang.
class black_hole {
 public:
  black_hole();
  ip_endpoint address() const { return address_of(listener_.get()); }

 private:
  unique_fd listener_;
  unique_fd first_;
  unique_fd second_;
};

/// A datagram socket as listeners have it, at `at`.
unique_fd udp_socket(const char* at = "127.0.0.1:0");
void send_datagram(int fd, std::string_view data, const ip_endpoint& to);

void set_non_blocking(int fd);
void set_buffers(int fd, int bytes);
/// Writes all of it, waiting for room up to `patience`.
void send_all(int fd, std::string_view data);
/// Reads exactly `count` bytes, or fewer if the stream ends before.
std::string read_exactly(int fd, std::size_t count);
/// Reads to the end; `reset` tells whether it was a reset.
std::string read_to_end(int fd, bool* reset = nullptr);
/// Whether the next thing to be read within `patience` is a reset.
bool sees_reset(int fd);
void shut_write(int fd);
/// Closes with a reset.
void reset(unique_fd fd);
/// `count` bytes that depend on `seed`: a lost, doubled or moved byte shows.
std::string pattern(std::size_t count, unsigned seed = 1);

/// Turns the poller until `done`, up to `patience`; false when time ran out.
bool turn_until(net::poller& poller, const std::function<bool()>& done);
/// Waits for something that happens on other threads or in other processes.
bool wait_until(const std::function<bool()>& done);

}  // namespace relay::test
