#pragma once

#include <relay/config/config.hpp>
#include <relay/net/socket.hpp>

#include <string>
#include <variant>
#include <vector>

namespace relay::forward {

/// The listening sockets of one endpoint, one per worker, all at one address.
struct bound_sockets {
  ip_endpoint at;
  std::vector<unique_fd> each;
};

/// Resolves and binds; the text says what failed, without saying where in the configuration.
std::variant<bound_sockets, std::string> bind_endpoint(const host_port& listen,
                                                       const net::listen_options& options,
                                                       std::size_t workers);

/// The address a `through` stands for, or what is wrong with it.
std::variant<ip_endpoint, std::string> resolve_through(const host_port& through);

}  // namespace relay::forward
