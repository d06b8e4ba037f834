#pragma once

#include <relay/base/ip.hpp>
#include <relay/forward/rule.hpp>

#include <bitset>
#include <memory>
#include <vector>

namespace relay::forward {

/// Whether a connection (or a datagram) to `target` would come back to the rule's own listener, and
/// then go round for ever. Asks the kernel only when the port is one the rule listens on.
bool leads_back(const rule& by, const ip_endpoint& target);

/// The listeners for datagrams of all endpoints of the process. Made before the workers run, then
/// only read.
class own_listeners {
 public:
  void add(const rule& listening);
  /// The endpoint that what is sent there arrives at; null: none of ours. Costs one look into a
  /// table unless the port is one of ours.
  const rule* at(const ip_endpoint& target) const;
  bool has_port(std::uint16_t port) const { return ports_ && ports_->test(port); }

 private:
  std::vector<const rule*> all_;
  std::unique_ptr<std::bitset<65536>> ports_;  // made with the first
};

}  // namespace relay::forward
