#pragma once

#include <relay/base/ip.hpp>
#include <relay/net/descriptors.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <string>

/// What tests with many ports need: an address where they are free, and descriptors.
namespace relay::test {

/// An address of the loopback network that is probably nobody else's: there only sockets that are
/// bound to all addresses are in the way.
inline ip_address own_address() {
  const auto pid = static_cast<unsigned>(::getpid());
  return *ip_address::parse("127." + std::to_string(100 + pid / 40000 % 100) + '.' +
                            std::to_string(pid / 200 % 200) + '.' + std::to_string(1 + pid % 200));
}

/// Raises the limit of descriptors if it must; false when that is not allowed.
inline bool room_for(std::size_t descriptors) {
  const auto [limit, open] = net::descriptors();
  if (open + descriptors <= limit) return true;
  rlimit both{};
  ::getrlimit(RLIMIT_NOFILE, &both);
  both.rlim_cur = both.rlim_max;
  return open + descriptors <= both.rlim_max && ::setrlimit(RLIMIT_NOFILE, &both) == 0;
}

}  // namespace relay::test
