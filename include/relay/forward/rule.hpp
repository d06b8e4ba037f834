#pragma once

#include <relay/config/config.hpp>
#include <relay/net/socket.hpp>
#include <relay/pump/end_reason.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace relay::forward {

/// What an endpoint has done so far. Added to by every worker, read by anybody.
struct counters {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> up_bytes{0};
  std::atomic<std::uint64_t> down_bytes{0};
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(pump::end_reason::count_)>
      ended{};
};

/// One of the remotes of an endpoint: `remote` is the first, `extra_remotes` follow.
struct remote {
  explicit remote(const host_port& from);

  /// Of the listener's n-th port: a range has one for each, otherwise all go to the same.
  std::uint16_t port(std::uint16_t nth) const noexcept {
    return static_cast<std::uint16_t>(ports.size() > 1 ? ports.first + nth : ports.first);
  }

  std::string name;  ///< as configured, `host:port`
  std::string host;
  std::optional<ip_address> address;  ///< a literal; otherwise the name is looked up
  port_range ports;
};

/// One endpoint at run time: what its connections need to know, prepared once. Shared by all
/// workers; only the counters change.
struct rule {
  explicit rule(const config::endpoint& from);

  /// Not so when `through` is of the other family.
  bool can_dial(const ip_address& address) const noexcept {
    return !dial.through || dial.through->address.family() == address.family();
  }
  /// The first remote: what the lines about the endpoint call it by.
  const std::string& name() const noexcept { return remotes.front().name; }

  std::vector<remote> remotes;  ///< never empty
  net::listen_options listen;
  net::dial_options dial;  ///< `through` is filled in when its name has been resolved
  std::chrono::milliseconds tcp_timeout;
  std::chrono::milliseconds connect_limit;
  std::chrono::milliseconds half_close_timeout;
  counters count;
};

}  // namespace relay::forward
