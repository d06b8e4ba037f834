#pragma once

#include <relay/config/config.hpp>

#include <string>
#include <vector>

namespace relay::config {

/// An endpoint whose listener is taken by an earlier one: ports overlap, and so do the addresses.
struct listen_clash {
  std::size_t first = 0;
  std::size_t second = 0;
  bool udp = false;
};
std::vector<listen_clash> listen_clashes(const settings& what);

/// Whether such endpoints are an error of the start too, and not only of `check`: they are, unless
/// `process.bind` is `partial`, as it is under realm's name.
bool refuses_duplicates(const settings& what);

/// What would let both serve; empty when nothing would.
std::string advice_on(const settings& what, const listen_clash& clash);

}  // namespace relay::config
