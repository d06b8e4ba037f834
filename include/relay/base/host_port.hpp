#pragma once

#include <relay/base/ip.hpp>
#include <relay/base/parsed.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

/// Where to listen: `1.2.3.4:80`, `[::1]:80`, `name:80`, `:80`, `*:80`, `80`; the port may be a
/// range `20000-20999`, or 0 for any.
parsed<host_port> parse_listen(std::string_view text);

/// Whom to dial: split at the last colon, so that `::1:80` works without brackets; port or range.
parsed<host_port> parse_remote(std::string_view text);

/// The local address of outgoing sockets: `1.2.3.4:0`, `[::1]:0`, `name:0`, or a literal address
/// alone, with or without brackets, which means any port.
parsed<host_port> parse_through(std::string_view text);

/// A name server, `1.2.3.4:53`: the port must be given.
parsed<host_port> parse_nameserver(std::string_view text);

}  // namespace relay
