#pragma once

#include <relay/config/config.hpp>
#include <relay/net/socket.hpp>
#include <relay/pump/end_reason.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace relay::forward {

/// What an endpoint has done so far. Added to by every worker, read by anybody.
struct counters {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> up_bytes{0};
  std::atomic<std::uint64_t> down_bytes{0};
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(pump::end_reason::count_)>
      ended{};
};

/// One endpoint at run time: what its connections need to know, prepared once. Shared by all
/// workers; only the counters change.
struct rule {
  explicit rule(const config::endpoint& from);

  /// Not so when `through` is of the other family.
  bool can_dial(const ip_address& remote) const noexcept {
    return !dial.through || dial.through->address.family() == remote.family();
  }

  std::string remote_name;  ///< as configured, `host:port`
  std::string remote_host;
  std::optional<ip_address> remote_address;  ///< a literal; otherwise the name is looked up
  std::uint16_t remote_port = 0;
  net::listen_options listen;
  net::dial_options dial;  ///< `through` is filled in when its name has been resolved
  std::chrono::milliseconds tcp_timeout;
  std::chrono::milliseconds connect_limit;
  std::chrono::milliseconds half_close_timeout;
  counters count;
};

}  // namespace relay::forward
