#pragma once

#include <relay/base/ip.hpp>
#include <relay/forward/rule.hpp>

namespace relay::forward {

/// Whether a connection (or a datagram) to `target` would come back to the rule's own listener, and
/// then go round for ever. Asks the kernel only when the port is one the rule listens on.
bool leads_back(const rule& by, const ip_endpoint& target);

}  // namespace relay::forward
