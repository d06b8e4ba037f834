#pragma once

#include <relay/config/config.hpp>
#include <relay/net/inherited_socket.hpp>
#include <relay/net/socket.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace relay::forward {

/// A listening socket and who serves it.
struct bound_socket {
  unique_fd fd;
  std::size_t worker = 0;
  std::uint16_t nth = 0;  ///< which port of the endpoint's range
  bool datagrams = false;
  bool is_first = true;        ///< of those at its port
  bool listens_later = false;  ///< it is bound only: `listen` is for whoever serves it
};

/// The listening sockets of one endpoint: a single port is opened once per worker, the ports of a
/// range are dealt out to them.
struct bound_endpoint {
  ip_endpoint at;  ///< of the first port
  std::vector<bound_socket> sockets;
};

/// What an endpoint wants to listen for.
struct bind_request {
  const host_port& listen;
  const net::listen_options& options;
  bool streams = true;
  bool datagrams = false;
  std::size_t workers = 1;
  /// Whether the n-th port is listened on already, by a socket that stays: it is left out then.
  /// Empty: none is.
  std::function<bool(const ip_endpoint& at, std::uint16_t nth, bool datagrams)> is_kept;
  /// Whether a listener of ours has that address that will be closed before the new one is served:
  /// the two share the port until then. Empty: none has.
  std::function<bool(const ip_endpoint& at, bool datagrams)> is_ours{};
};

/// Resolves and binds, or takes sockets from `inherited` that are bound to the very addresses. The
/// text says what failed, without saying where in the configuration.
std::variant<bound_endpoint, std::string> bind_endpoint(
    const bind_request& wanted, std::vector<net::inherited_socket>& inherited);

/// How many threads open so many sockets, or put them on their pollers, in the shortest time: one
/// unless they are a thousand.
std::size_t threads_for(std::size_t sockets, std::size_t workers) noexcept;

/// The address a `through` stands for, or what is wrong with it.
std::variant<ip_endpoint, std::string> resolve_through(const host_port& through);

/// Why an address with a device for its scope cannot be used; nothing when it can.
std::optional<std::string> lacks_device(std::string_view key, const host_port& of);

/// Why `send_mptcp` cannot be had on this machine; nothing when it can. Asked once per endpoint at
/// start, since otherwise each of its connections would fail.
std::optional<std::string> lacks_send_mptcp();

}  // namespace relay::forward
