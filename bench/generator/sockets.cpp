#include "sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <system_error>

namespace relay::bench {
namespace {

void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

unique_fd open_socket(int type) {
  unique_fd made(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made) fail("socket");
  return made;
}

void set(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) fail("setsockopt");
}

// More than the system grants takes CAP_NET_ADMIN; without it the usual limit has to do.
void set_receive_buffer(int fd, int bytes) {
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
    set(fd, SOL_SOCKET, SO_RCVBUF, bytes);
  }
}

}  // namespace

std::optional<address> address::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  address made;
  made.raw.sin_family = AF_INET;
  if (::inet_pton(AF_INET, std::string(text.substr(0, colon)).c_str(), &made.raw.sin_addr) != 1) {
    return std::nullopt;
  }
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data() + colon + 1, end, port);
  if (failure != std::errc{} || stop != end) return std::nullopt;
  made.raw.sin_port = htons(port);
  return made;
}

unique_fd listen_on(const address& where) {
  auto made = open_socket(SOCK_STREAM);
  set(made.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  set(made.get(), IPPROTO_TCP, TCP_NODELAY, 1);  // inherited by what is accepted
  if (::bind(made.get(), where.data(), sizeof where.raw) != 0) fail("bind");
  if (::listen(made.get(), 16384) != 0) fail("listen");
  return made;
}

unique_fd accept_from(int listener) {
  return unique_fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

unique_fd dial(const address& to) {
  auto made = open_socket(SOCK_STREAM);
  set(made.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (::connect(made.get(), to.data(), sizeof to.raw) != 0 && errno != EINPROGRESS) {
    fail("connect");
  }
  return made;
}

unique_fd datagrams_on(const address& where, int receive_buffer) {
  auto made = open_socket(SOCK_DGRAM);
  set_receive_buffer(made.get(), receive_buffer);
  if (::bind(made.get(), where.data(), sizeof where.raw) != 0) fail("bind");
  return made;
}

unique_fd datagrams_to(const address& to, int receive_buffer) {
  auto made = open_socket(SOCK_DGRAM);
  set_receive_buffer(made.get(), receive_buffer);
  if (::connect(made.get(), to.data(), sizeof to.raw) != 0) fail("connect");
  return made;
}

in_network::in_network(const std::string& path) {
  if (path.empty()) return;
  home_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  unique_fd there(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!home_ || !there) fail("network namespace");
  if (::setns(there.get(), CLONE_NEWNET) != 0) fail("setns");
}

in_network::~in_network() {
  if (home_) (void)::setns(home_.get(), CLONE_NEWNET);  // it was ours a moment ago
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // too few descriptors are reported where they lack
}

}  // namespace relay::bench
