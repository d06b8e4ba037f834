#pragma once

#include <relay/base/ip.hpp>

namespace relay {

/// Of fe80::/10: an address that each network has anew, so that it means nothing without a scope.
bool is_link_local(const ip_address& address) noexcept;

/// `fe80::1%eth0`: an address whose scope is the network of a device. Which number a device has may
/// change while relay runs, so that it is asked for each time the address is used. A `host_port`
/// has it as its name, and it is looked up as a name is.
struct zoned_address {
  ip_address address;  ///< without the scope
  std::string device;

  /// Nothing when it is not of that form; a scope that is a number is part of the address.
  static std::optional<zoned_address> parse(std::string_view text);
  /// With the scope of the device; nothing when there is no such device now.
  std::optional<ip_address> resolve() const;
};

}  // namespace relay
