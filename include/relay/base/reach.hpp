#pragma once

#include <relay/base/ip.hpp>

#include <cstdint>

namespace relay {

/// Whether what is sent to an address arrives at a listener on this machine.
enum class reach : std::uint8_t {
  no,
  yes,
  if_local,  ///< when the address is one of this machine's, which only the kernel knows
};

/// `listener`: what it is bound to; 0.0.0.0 and :: are every address, :: those of IPv4 too unless
/// `ipv6_only`. Sending to 0.0.0.0 or :: means the loopback address, as Linux has it.
reach reaches(const ip_address& listener, bool ipv6_only, const ip_address& target) noexcept;

/// An IPv4 address written as an IPv6 one, ::ffff:1.2.3.4, as the IPv4 one; others as they are.
ip_address without_mapping(const ip_address& address) noexcept;

}  // namespace relay
