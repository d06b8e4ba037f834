#pragma once

#include <relay/net/socket.hpp>

#include <optional>

/// Datagram sockets as plain descriptors, set up for the relay's two uses of them.
namespace relay::net {

/// A socket for clients. At an unspecified address it tells of every datagram which of our
/// addresses it was sent to (IP_PKTINFO). `step` is what failed.
result<unique_fd> listen_udp(const ip_endpoint& at, const listen_options& options,
                             const char** step);

/// Makes a bound socket of somebody else's like one of `listen_udp`.
void adopt_udp(int fd, const ip_address& at) noexcept;

/// Whether the address is free. SO_REUSEPORT hides a socket of the same user, so this binds
/// without, once, before the workers do.
error_code probe_udp(const ip_endpoint& at, const listen_options& options);

/// A socket for the datagrams of one client, not connected: whoever knows its port may answer. It
/// has a port that nobody else has, or fails with EADDRINUSE when there is none.
result<unique_fd> open_udp(int family, const dial_options& options, const char** step);

/// What the network says of a datagram that a socket of `open_udp` has sent: nobody is there.
struct refusal {
  socket_address to;
  error_code why;
};
/// The next one that waits at the socket, taken from it; nothing when there is none.
std::optional<refusal> take_refusal(int fd);

/// Whether an error of opening or sending means that there is no way to the address, now at least;
/// there may be one to another.
bool has_no_way(const error_code& ec) noexcept;

/// Whether the socket tells of each datagram which of our addresses it was sent to. A sandbox may
/// have refused that; answers then leave from the address that the kernel chooses.
bool tells_own_address(int fd, const ip_address& at) noexcept;

}  // namespace relay::net
