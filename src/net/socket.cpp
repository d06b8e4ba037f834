#include "socket_options.hpp"

#include <relay/net/socket.hpp>

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace relay::net {
namespace {

constexpr int listen_backlog = 1024;

// Since Linux 5.6; the C library of Debian 11 does not know it yet.
constexpr int mptcp_protocol = 262;

const char* opening(bool mptcp) noexcept {
  return mptcp ? "opening a Multipath TCP socket" : "opening a socket";
}

// Not being able to probe a silent peer is no reason to refuse a connection: errors are ignored,
// and the values are cut to what Linux takes.
void set_keepalive(int fd, const keepalive& alive) noexcept {
  const auto patience = std::min<std::int64_t>(alive.unacknowledged.count(), INT32_MAX);
  if (patience > 0) set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(patience));
  const auto idle = static_cast<int>(std::min<std::int64_t>(alive.idle.count(), 32767));
  if (idle <= 0) return;
  set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
  set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, idle);
  set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, std::clamp(alive.probes, 1, 127));
}

// What is received in the beginning is acknowledged at once otherwise, each time with a packet that
// carries nothing else. A listener's connections inherit it.
void wait_with_first_ack(int fd) noexcept { set_int(fd, IPPROTO_TCP, TCP_QUICKACK, 0); }

}  // namespace

bool set_int(int fd, int level, int name, int value) noexcept {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

bool bind_to(int fd, const ip_endpoint& at) noexcept {
  const socket_address address(at);
  return ::bind(fd, address.data(), address.length) == 0;
}

bool bind_to_device(int fd, const std::string& device) noexcept {
  return device.empty() || ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.data(),
                                        static_cast<socklen_t>(device.size())) == 0;
}

unique_fd open_socket(int family, int type, bool mptcp) noexcept {
  return unique_fd(
      ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, mptcp ? mptcp_protocol : 0));
}

result<unique_fd> bound_socket(const ip_endpoint& at, int type, bool reuse_address,
                               const listen_options& options, const char** step) {
  const bool mptcp = options.mptcp && type == SOCK_STREAM;
  *step = opening(mptcp);
  auto fd = open_socket(at.address.family(), type, mptcp);
  if (!fd) return last_system_error();
  // Both values are set: the system's default (net.ipv6.bindv6only) must not decide.
  *step = "setting IPV6_V6ONLY";
  if (at.address.is_v6() &&
      !set_int(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0)) {
    return last_system_error();
  }
  *step = "binding to the device";
  if (!bind_to_device(fd.get(), options.interface)) return last_system_error();
  if (reuse_address) set_int(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  *step = "setting SO_REUSEPORT";
  if (options.reuse_port && !set_int(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) {
    return last_system_error();
  }
  *step = "binding";
  if (!bind_to(fd.get(), at)) return last_system_error();
  return fd;
}

result<unique_fd> listen_tcp(const ip_endpoint& at, const listen_options& options,
                             const char** step) {
  auto fd = bind_tcp(at, options, step);
  if (!fd) return fd;
  *step = "listening";
  if (const auto ec = begin_listening(fd->get(), options)) return ec;
  return fd;
}

result<unique_fd> bind_tcp(const ip_endpoint& at, const listen_options& options,
                           const char** step) {
  auto fd = bound_socket(at, SOCK_STREAM, true, options, step);
  if (fd) adopt_listener(fd->get(), options);
  return fd;
}

error_code begin_listening(int fd, const listen_options& options) noexcept {
  if (::listen(fd, listen_backlog) != 0) return last_system_error();
  if (options.answers_at_once) wait_with_first_ack(fd);  // listen() has forgotten it
  share_port(fd);
  return {};
}

void share_port(int fd) noexcept { set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1); }

void adopt_listener(int fd, const listen_options& options) noexcept {
  set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_keepalive(fd, options.alive);
  if (options.answers_at_once) wait_with_first_ack(fd);
}

error_code probe_listen(const ip_endpoint& at, const listen_options& options, const char** step) {
  auto alone = options;
  alone.reuse_port = false;
  const auto fd = bound_socket(at, SOCK_STREAM, true, alone, step);
  if (!fd) return fd.error();
  // bind() lets two SO_REUSEADDR sockets share an address until one listens.
  return ::listen(fd->get(), 1) == 0 ? error_code() : last_system_error();
}

result<unique_fd> start_connect(const ip_endpoint& to, const dial_options& options,
                                const char** step) {
  *step = opening(options.mptcp);
  auto fd = open_socket(to.address.family(), SOCK_STREAM, options.mptcp);
  if (!fd) return last_system_error();
  set_int(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  *step = "binding to `through`";
  if (options.through) {
    // With port 0 the port is chosen at connect(), by the whole 4-tuple, so that one local address
    // can have more than 28,000 connections.
    set_int(fd.get(), options.through->port == 0 ? IPPROTO_IP : SOL_SOCKET,
            options.through->port == 0 ? IP_BIND_ADDRESS_NO_PORT : SO_REUSEADDR, 1);
    if (!bind_to(fd.get(), *options.through)) return last_system_error();
  }
  *step = "binding to the device";
  if (!bind_to_device(fd.get(), options.interface)) return last_system_error();
  set_keepalive(fd.get(), options.alive);
  if (options.speaks_first) wait_with_first_ack(fd.get());
  *step = "connecting";
  const socket_address address(to);
  if (::connect(fd.get(), address.data(), address.length) != 0 && errno != EINPROGRESS) {
    return last_system_error();
  }
  return fd;
}

error_code lacks_mptcp() {
  return open_socket(AF_INET, SOCK_STREAM, true) ? error_code() : last_system_error();
}

bool mptcp_shares_ports() noexcept {
  const auto fd = open_socket(AF_INET, SOCK_STREAM, true);
  // Without a socket there is something worse to tell of.
  return !fd || set_int(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
}

std::string_view advice_on_mptcp(const error_code& ec) noexcept {
  switch (ec.value()) {
    case ENOPROTOOPT:
      return "Multipath TCP is switched off here: sysctl -w net.mptcp.enabled=1";
    case EPROTONOSUPPORT:
    case EINVAL:
    case EPROTOTYPE:
      return "this kernel has no Multipath TCP: it takes Linux 5.6 or later with CONFIG_MPTCP";
    default:
      return {};
  }
}

bool is_mptcp(int fd) noexcept {
  int protocol = 0;
  socklen_t length = sizeof protocol;
  return ::getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
         protocol == mptcp_protocol;
}

error_code pending_error(int fd) noexcept {
  int value = 0;
  socklen_t length = sizeof value;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length) != 0) return last_system_error();
  return {value, boost::system::system_category()};
}

bool peer_has_ended(int fd) noexcept {
  pollfd asked{fd, POLLRDHUP, 0};
  return ::poll(&asked, 1, 0) != 0;  // errors are told unasked
}

bool has_unread(int fd, std::size_t least) noexcept {
  int bytes = 0;
  return ::ioctl(fd, SIOCINQ, &bytes) != 0 || bytes < 0 || static_cast<std::size_t>(bytes) >= least;
}

void end_reading(int fd) noexcept { ::shutdown(fd, SHUT_RD); }

result<ip_endpoint> local_endpoint(int fd) {
  socket_address address;
  if (::getsockname(fd, address.data(), &address.length) != 0) return last_system_error();
  return address.endpoint();
}

void reset_on_close(int fd) noexcept {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace relay::net
