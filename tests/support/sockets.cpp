#include "support/sockets.hpp"

#include <relay/base/error.hpp>
#include <relay/net/datagram_socket.hpp>
#include <relay/net/socket.hpp>

#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <thread>

namespace relay::test {
namespace {

[[noreturn]] void fail(const char* what) {
  throw boost::system::system_error(last_system_error(), what);
}

void wait_for(int fd, short events) {
  pollfd watched{fd, events, 0};
  const auto limit = std::chrono::milliseconds(patience).count();
  if (::poll(&watched, 1, static_cast<int>(limit)) <= 0) {
    throw std::runtime_error("nothing happened on the socket");
  }
}

}  // namespace

unique_fd listen_any(const char* host, int backlog) {
  const ip_endpoint at{*ip_address::parse(host), 0};
  unique_fd fd(::socket(at.address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const socket_address address(at);
  if (::bind(fd.get(), address.data(), address.length) != 0) fail("bind");
  if (::listen(fd.get(), backlog) != 0) fail("listen");
  return fd;
}

ip_endpoint address_of(int fd) { return net::local_endpoint(fd).value(); }

unique_fd accept_one(int listener) {
  wait_for(listener, POLLIN);
  unique_fd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd) fail("accept");
  return fd;
}

unique_fd connect_to(const ip_endpoint& to) {
  unique_fd fd(::socket(to.address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const socket_address address(to);
  if (::connect(fd.get(), address.data(), address.length) != 0) fail("connect");
  return fd;
}

std::pair<unique_fd, unique_fd> tcp_pair(bool non_blocking) {
  const auto listener = listen_any();
  auto one = connect_to(address_of(listener.get()));
  auto other = accept_one(listener.get());
  if (non_blocking) {
    set_non_blocking(one.get());
    set_non_blocking(other.get());
  }
  return {std::move(one), std::move(other)};
}

ip_endpoint refusing_address() { return address_of(listen_any().get()); }

// With backlog 0 the queue takes one connection; the kernel then ignores further SYNs.
black_hole::black_hole() : listener_(listen_any("127.0.0.1", 0)) {
  first_ = connect_to(address());
  second_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const socket_address to(address());
  ::connect(second_.get(), to.data(), to.length);
}

unique_fd udp_socket(const char* at) {
  const char* step = "";
  auto made = net::listen_udp(*ip_endpoint::parse(at), {}, &step);
  if (!made) throw boost::system::system_error(made.error(), step);
  return std::move(*made);
}

void send_datagram(int fd, std::string_view data, const ip_endpoint& to) {
  const socket_address at(to);
  const auto sent = ::sendto(fd, data.data(), data.size(), 0, at.data(), at.length);
  if (sent != static_cast<ssize_t>(data.size())) fail("sendto");
}

void set_non_blocking(int fd) {
  if (::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) fail("fcntl");
}

void set_buffers(int fd, int bytes) {
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void send_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const auto count = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      data.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      wait_for(fd, POLLOUT);
    } else {
      fail("send");
    }
  }
}

std::string read_exactly(int fd, std::size_t count) {
  std::string got(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    wait_for(fd, POLLIN);
    const auto n = ::recv(fd, got.data() + have, count - have, 0);
    if (n < 0) fail("recv");
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  got.resize(have);
  return got;
}

std::string read_to_end(int fd, bool* reset) {
  if (reset != nullptr) *reset = false;
  std::string got;
  std::string part(65536, '\0');
  for (;;) {
    wait_for(fd, POLLIN);
    const auto n = ::recv(fd, part.data(), part.size(), 0);
    if (n == 0) return got;
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != ECONNRESET || reset == nullptr) fail("recv");
      *reset = true;
      return got;
    }
    got.append(part, 0, static_cast<std::size_t>(n));
  }
}

bool sees_reset(int fd) {
  bool reset = false;
  read_to_end(fd, &reset);
  return reset;
}

void shut_write(int fd) {
  if (::shutdown(fd, SHUT_WR) != 0) fail("shutdown");
}

void reset(unique_fd fd) { net::reset_on_close(fd.get()); }

std::string pattern(std::size_t count, unsigned seed) {
  std::string made(count, '\0');
  std::uint32_t state = seed * 2654435761U + 1;
  for (auto& byte : made) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24U);
  }
  return made;
}

bool turn_until(net::poller& poller, const std::function<bool()>& done) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > until) return false;
    poller.turn(std::chrono::milliseconds(5));
  }
  return true;
}

bool wait_until(const std::function<bool()>& done) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace relay::test
