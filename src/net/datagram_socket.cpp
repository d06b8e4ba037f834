#include "socket_options.hpp"

#include <relay/net/datagram_socket.hpp>

#include <linux/errqueue.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

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

// Of IPv4 clients at `::` both ways: of what was sent to many, only IP_PKTINFO says at which of our
// addresses it has come in.
void tell_own_address(int fd, const ip_address& at) noexcept {
  if (!at.is_unspecified()) return;
  set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
  if (at.is_v6()) set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

// A socket of IPv4 hears what comes to any group that somebody on this machine has joined; one of
// IPv6 hears only groups of IPv6 so, unless it asks for those of IPv4 as well.
void hear_groups(int fd, const ip_address& at) noexcept {
  if (at.is_v6() && at.is_unspecified()) set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 1);
}

ip_address unspecified(int family) {
  return family == AF_INET6 ? *ip_address::parse("::") : ip_address();
}

}  // namespace

result<unique_fd> listen_udp(const ip_endpoint& at, const listen_options& options,
                             const char** step) {
  auto fd = bound_socket(at, SOCK_DGRAM, false, options, step);
  if (!fd) return fd;
  tell_own_address(fd->get(), at.address);
  hear_groups(fd->get(), at.address);
  set_buffers(fd->get(), listener_buffer);
  share_port(fd->get());
  return fd;
}

void adopt_udp(int fd, const ip_address& at) noexcept {
  // What else a service manager may have asked for would be in the way.
  set_int(fd, SOL_SOCKET, SO_TIMESTAMP, 0);
  set_int(fd, IPPROTO_IP, IP_PKTINFO, 0);
  tell_own_address(fd, at);
  hear_groups(fd, at);
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
  // To be told of refusals. A kernel that does not is as good as a network that does not.
  set_int(fd.get(), family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
          family == AF_INET6 ? IPV6_RECVERR : IP_RECVERR, 1);
  return fd;
}

std::optional<refusal> take_refusal(int fd) {
  refusal told;
  alignas(cmsghdr) std::array<char, 256> room{};
  for (;;) {
    msghdr message{};
    message.msg_name = told.to.data();
    message.msg_namelen = told.to.length;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    if (::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
      if (errno == EINTR) continue;
      return std::nullopt;
    }
    for (auto* each = CMSG_FIRSTHDR(&message); each != nullptr;
         each = CMSG_NXTHDR(&message, each)) {
      const bool is_v4 = each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_RECVERR;
      const bool is_v6 = each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_RECVERR;
      if (!is_v4 && !is_v6) continue;
      sock_extended_err error{};
      std::memcpy(&error, CMSG_DATA(each), sizeof error);
      // What the kernel refuses itself is told by the call; EMSGSIZE is about the way's MTU.
      const bool is_told_by_others =
          error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6;
      if (!is_told_by_others || error.ee_errno == EMSGSIZE) continue;
      told.to.length = message.msg_namelen;
      told.why = {static_cast<int>(error.ee_errno), boost::system::system_category()};
      return told;
    }
  }
}

bool has_no_way(const error_code& ec) noexcept {
  switch (ec.value()) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:  // of a family that is switched off
    case EAFNOSUPPORT:
      return true;
    default:
      return false;
  }
}

bool tells_own_address(int fd, const ip_address& at) noexcept {
  int on = 0;
  socklen_t size = sizeof on;
  const auto level = at.is_v6() ? IPPROTO_IPV6 : IPPROTO_IP;
  const auto name = at.is_v6() ? IPV6_RECVPKTINFO : IP_PKTINFO;
  return ::getsockopt(fd, level, name, &on, &size) == 0 && on != 0;
}

}  // namespace relay::net
