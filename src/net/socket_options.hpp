#pragma once

#include <relay/net/socket.hpp>

/// What stream and datagram sockets are set up with alike; inside of `net` only.
namespace relay::net {

bool set_int(int fd, int level, int name, int value) noexcept;
bool bind_to(int fd, const ip_endpoint& at) noexcept;
/// An empty device means any.
bool bind_to_device(int fd, const std::string& device) noexcept;

/// A socket of SOCK_STREAM or SOCK_DGRAM.
unique_fd open_socket(int family, int type, bool mptcp = false) noexcept;

/// A socket that is bound but does not listen yet. `step` is what failed. `reuse_address`: bind
/// although connections of an earlier listener linger; wrong for datagrams, where it would share
/// the address with whoever has it.
result<unique_fd> bound_socket(const ip_endpoint& at, int type, bool reuse_address,
                               const listen_options& options, const char** step);

}  // namespace relay::net
