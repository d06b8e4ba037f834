#include "socket_options.hpp"

#include <relay/net/datagram_socket.hpp>

#include <sys/socket.h>

namespace relay::net {
namespace {

// What may wait for us in the kernel while we do something else. All clients share a listener's.
constexpr int listener_buffer = 4 << 20;
constexpr int flow_buffer = 1 << 20;

// Beyond the system's limit (net.core.rmem_max) where we are allowed to, else up to it.
void set_buffers(int fd, int bytes) noexcept {
  if (!set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes)) set_int(fd, SOL_SOCKET, SO_RCVBUF, bytes);
  if (!set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes)) set_int(fd, SOL_SOCKET, SO_SNDBUF, bytes);
}

bool tell_own_address(int fd, const ip_address& at) noexcept {
  if (!at.is_unspecified()) return true;
  if (at.is_v6()) return set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  return set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

ip_address unspecified(int family) {
  return family == AF_INET6 ? *ip_address::parse("::") : ip_address();
}

}  // namespace

result<unique_fd> listen_udp(const ip_endpoint& at, const listen_options& options,
                             const char** step) {
  auto fd = bound_socket(at, SOCK_DGRAM, false, options, step);
  if (!fd) return fd;
  *step = "setting IP_PKTINFO";
  if (!tell_own_address(fd->get(), at.address)) return last_system_error();
  set_buffers(fd->get(), listener_buffer);
  return fd;
}

void adopt_udp(int fd, const ip_address& at) noexcept {
  // What else a service manager may have asked for would be in the way.
  set_int(fd, SOL_SOCKET, SO_TIMESTAMP, 0);
  set_int(fd, IPPROTO_IP, IP_PKTINFO, 0);
  tell_own_address(fd, at);
  set_buffers(fd, listener_buffer);
}

error_code probe_udp(const ip_endpoint& at, const listen_options& options) {
  auto alone = options;
  alone.reuse_port = false;
  const char* step = nullptr;
  const auto fd = bound_socket(at, SOCK_DGRAM, false, alone, &step);
  return fd ? error_code() : fd.error();
}

result<unique_fd> open_udp(int family, const dial_options& options, const char** step) {
  *step = "opening a socket";
  auto fd = open_socket(family, SOCK_DGRAM);
  if (!fd) return last_system_error();
  *step = "binding to the device";
  if (!bind_to_device(fd.get(), options.interface)) return last_system_error();
  // Bound now and not by the first send, so that this is where a lack of ports shows. Never with
  // SO_REUSEADDR: the kernel would give one port to two clients.
  *step = options.through ? "binding to `through`" : "binding";
  const ip_endpoint any{unspecified(family), 0};
  if (!bind_to(fd.get(), options.through ? *options.through : any)) return last_system_error();
  set_buffers(fd.get(), flow_buffer);
  return fd;
}

}  // namespace relay::net
