#pragma once

#include <relay/forward/step_outcome.hpp>
#include <relay/forward/warm_connection.hpp>
#include <relay/net/asio.hpp>

/// Inside of `forward` only.
namespace relay::forward {

class lane;
struct remote;
struct rule;

/// Connects to a remote and does what can be done without a client: all handshakes, unless a PROXY
/// header has to go before them. Within `connect_limit`.
task<step_outcome> dial_warm(lane& on, const rule& by, const remote& whom, warm_connection& into);

}  // namespace relay::forward
