#pragma once

#include <relay/base/error.hpp>
#include <relay/base/ip.hpp>
#include <relay/base/unique_fd.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Sockets as plain descriptors: each system call in one small function, errors as values. All are
/// non-blocking and close-on-exec.
namespace relay::net {

/// How a peer is noticed that is there no more. Linux refuses more (include/net/tcp.h:
/// MAX_TCP_KEEPIDLE, MAX_TCP_KEEPCNT).
struct keepalive {
  std::chrono::seconds idle{0};  ///< also the interval; 0 leaves the socket alone
  int probes = 3;
  /// For how long nothing may be acknowledged, or the peer's window be closed, while something is
  /// to be sent to it: keepalive does not probe then. 0 leaves the socket alone.
  std::chrono::milliseconds unacknowledged{0};
};

struct listen_options {
  bool ipv6_only = false;
  bool reuse_port = false;  ///< several workers listen at one address
  bool mptcp = false;       ///< Multipath TCP; plain TCP clients are served as well
  /// What clients send first is answered at once, as a handshake is: its acknowledgement leaves
  /// with the answer and not before.
  bool answers_at_once = false;
  std::string interface;  ///< empty: any
  keepalive alive;        ///< accepted sockets inherit it, as they do TCP_NODELAY
};

struct dial_options {
  std::optional<ip_endpoint> through;  ///< local address; port 0: any
  std::string interface;               ///< empty: any
  keepalive alive;
  bool mptcp = false;  ///< Multipath TCP; becomes plain TCP where the peer has none
  /// We send before the peer does: the last packet of TCP's handshake leaves with that. Somebody
  /// who waits for the peer's first word would wait 0.2 s longer.
  bool speaks_first = false;
};

/// socket, options, bind and listen; the error says of which of them in `step`.
result<unique_fd> listen_tcp(const ip_endpoint& at, const listen_options& options,
                             const char** step);

/// The same in two steps: what is bound only holds its port, but has no clients yet.
result<unique_fd> bind_tcp(const ip_endpoint& at, const listen_options& options, const char** step);
error_code begin_listening(int fd, const listen_options& options) noexcept;

/// From now on another socket of this user may have the same port, if it wants to share it: after a
/// reload a listener with other options takes the place of this one. Who wants to know whether the
/// port is free does not share it (`probe_listen`). A kernel that refuses this is not told of.
void share_port(int fd) noexcept;

/// Makes a listening socket of somebody else's like one of `listen_tcp`.
void adopt_listener(int fd, const listen_options& options) noexcept;

/// Whether a listener of somebody else is at that address. SO_REUSEPORT hides it when it belongs to
/// the same user, so this binds without, once, before the workers do.
error_code probe_listen(const ip_endpoint& at, const listen_options& options, const char** step);

/// A socket that is connecting (or connected); `step` as above.
result<unique_fd> start_connect(const ip_endpoint& to, const dial_options& options,
                                const char** step);

/// Why this machine opens no socket for Multipath TCP; nothing when it does.
error_code lacks_mptcp();

/// Whether several sockets for Multipath TCP can listen at one address: not so in its first years.
bool mptcp_shares_ports() noexcept;

/// What the operator can do about an error that a socket for Multipath TCP was refused with; empty
/// when it has another cause.
std::string_view advice_on_mptcp(const error_code& ec) noexcept;

/// Whether a socket was opened for Multipath TCP (an accepted one: whether the client speaks it).
bool is_mptcp(int fd) noexcept;

/// The pending error of a socket; reading it clears it.
error_code pending_error(int fd) noexcept;

/// Whether the peer of a connected socket has ended its direction or reset, as far as the kernel
/// knows; takes nothing from the socket, and needs no turn of a poller.
bool peer_has_ended(int fd) noexcept;

/// Whether so many bytes wait to be read from a TCP socket, whatever has become of its peer; also
/// where the kernel does not tell.
bool has_unread(int fd, std::size_t least = 1) noexcept;

/// Whoever waits for a TCP socket of ours finds an end, and a connect under way has failed; the
/// peer is not told.
void end_reading(int fd) noexcept;

/// The address a socket is bound to.
result<ip_endpoint> local_endpoint(int fd);

/// close() sends a reset instead of an end.
void reset_on_close(int fd) noexcept;

}  // namespace relay::net
