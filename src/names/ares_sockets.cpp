#include "ares_sockets.hpp"

#include <relay/net/fault.hpp>

#include <ares.h>

#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

// Deprecated by newer versions, whose successor Debian 12's does not know.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace relay::names {
namespace {

using kind = server_report::kind;

constexpr std::size_t header_bytes = 12;
constexpr std::byte answer_bit{0x80};  // QR, RFC 1035, section 4.1.1
constexpr std::byte rcode_bits{0x0f};
constexpr std::byte rcode_refused{5};

// Over TCP two bytes of length come first, in a read of their own or not: then nothing is said of
// the code, and a server that refuses counts as one that answers.
bool is_refusal(std::span<const std::byte> message) {
  return message.size() >= header_bytes && (message[2] & answer_bit) != std::byte{0} &&
         (message[3] & rcode_bits) == rcode_refused;
}

bool is_datagram(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_DGRAM;
}

}  // namespace

void ares_sockets::serve(ares_channeldata* channel) {
  // All of them: 1.18 calls what is null.
  static const ares_socket_functions calls{&ares_sockets::open, &ares_sockets::close,
                                           &ares_sockets::connect, &ares_sockets::receive,
                                           &ares_sockets::send};
  ares_set_socket_functions(channel, &calls, this);
}

// c-ares sets no options of a socket that it has not made.
int ares_sockets::open(int family, int type, int protocol, void* /*self*/) {
  const int fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  const int yes = 1;
  if (fd >= 0 && type == SOCK_STREAM)  // one question, one answer: nothing to gather
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

int ares_sockets::close(int fd, void* self) {
  static_cast<ares_sockets*>(self)->servers_.erase(fd);
  return ::close(fd);
}

int ares_sockets::connect(int fd, const sockaddr* to, socklen_t length, void* self_pointer) {
  auto& self = *static_cast<ares_sockets*>(self_pointer);
  socket_address address;
  std::copy_n(reinterpret_cast<const std::byte*>(to),
              std::min<std::size_t>(length, sizeof address.v6),
              reinterpret_cast<std::byte*>(address.data()));
  const auto server = address.endpoint();
  const bool noted = net::attempted([&] {
    self.servers_.insert_or_assign(fd, server);
    self.asked(server);  // nobody connects but to ask
  });
  if (!noted) {
    errno = ENOMEM;
    return -1;
  }
  const int made = ::connect(fd, to, length);
  const int error = errno;
  if (made != 0 && error != EINPROGRESS) self.failed(fd, error);
  errno = error;
  return made;
}

ssize_t ares_sockets::send(int fd, const iovec* parts, int count, void* self_pointer) {
  auto& self = *static_cast<ares_sockets*>(self_pointer);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);  // sendmsg only reads it
  message.msg_iovlen = static_cast<std::size_t>(count);
  const auto sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
  const int error = errno;
  if (sent < 0) {
    self.failed(fd, error);
  } else if (const auto found = self.servers_.find(fd); found != self.servers_.end()) {
    net::attempted([&] { self.asked(found->second); });
  }
  errno = error;
  return sent;
}

ssize_t ares_sockets::receive(int fd, void* into, std::size_t size, int flags, sockaddr* from,
                              socklen_t* length, void* self_pointer) {
  auto& self = *static_cast<ares_sockets*>(self_pointer);
  const auto come = ::recvfrom(fd, into, size, flags, from, length);
  const int error = errno;
  if (come > 0) {
    self.received(fd, {static_cast<const std::byte*>(into), static_cast<std::size_t>(come)});
  } else if (come < 0) {
    self.failed(fd, error);
  }
  errno = error;
  return come;
}

void ares_sockets::received(int fd, std::span<const std::byte> bytes) {
  const auto found = servers_.find(fd);
  if (found == servers_.end()) return;
  asked_.erase(found->second);
  const bool refuses = is_refusal(bytes) && is_datagram(fd);
  tell(found->second, refuses ? kind::refused : kind::answered);
}

void ares_sockets::failed(int fd, int error) {
  if (error == EAGAIN || error == EINTR) return;
  const auto found = servers_.find(fd);
  // A server may close a connection, or be restarted, while nobody waits for it.
  if (found == servers_.end() || asked_.erase(found->second) == 0) return;
  tell(found->second, kind::failed, {error, boost::system::system_category()});
}

// Without memory for it nobody hears of a server; the questions go on.
void ares_sockets::tell(const ip_endpoint& server, kind what, error_code ec) noexcept {
  net::attempted([&] { told_({server, what, ec}); });
}

void ares_sockets::look_for(std::chrono::milliseconds limit) {
  const auto now = clock::now();
  for (auto it = asked_.begin(); it != asked_.end();) {
    if (now - it->second < limit) {
      ++it;
      continue;
    }
    const auto server = it->first;
    it = asked_.erase(it);
    tell(server, kind::silent);
  }
}

}  // namespace relay::names
