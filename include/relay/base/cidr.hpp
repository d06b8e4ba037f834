#pragma once

#include <relay/base/ip.hpp>
#include <relay/base/parsed.hpp>

#include <string>
#include <string_view>

namespace relay {

/// A block of addresses, `10.0.0.0/8` or `fd00::/8`. A default one is 0.0.0.0/0.
struct cidr {
  ip_address network;  ///< host bits are zero
  int prefix = 0;

  /// An address alone is the block of that one address; bits behind the prefix are refused.
  static parsed<cidr> parse(std::string_view text);

  /// A v4-mapped IPv6 address, as a dual-stack listener sees IPv4 clients, counts as IPv4.
  bool contains(const ip_address& address) const noexcept;
  std::string to_string() const;
  friend bool operator==(const cidr&, const cidr&) = default;
};

}  // namespace relay
