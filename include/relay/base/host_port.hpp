#pragma once

#include <relay/base/ip.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace relay {

/// Ports `first` to `last`, both included.
struct port_range {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  std::size_t size() const noexcept { return static_cast<std::size_t>(last) - first + 1; }
  friend bool operator==(const port_range&, const port_range&) = default;
};

/// Where to listen or whom to dial, before any name is resolved. A literal address stands in
/// `address`, without brackets; otherwise `host` is a name.
struct host_port {
  std::string host;  ///< as written, without brackets; empty: every address (listen only)
  std::optional<ip_address> address;  ///< set when `host` is a literal
  port_range ports;

  /// `host:port`, `[v6]:port`, `host:first-last`; an empty host prints as `*`.
  std::string to_string() const;
  friend bool operator==(const host_port&, const host_port&) = default;
};

}  // namespace relay
