#pragma once

#include <relay/forward/warm_connection.hpp>
#include <relay/net/asio.hpp>

#include <string>

/// Inside of `forward` only.
namespace relay::forward {

class lane;
struct remote;
struct rule;

/// How making a connection ahead has ended.
struct warm_outcome {
  const char* phase = "connecting";
  error_code ec;
  ip_endpoint at;      // where it is connected to
  std::string more{};  // says more than `ec`
};

/// Connects to a remote and does what can be done without a client: all handshakes, unless a PROXY
/// header has to go before them. Within `connect_limit`.
task<warm_outcome> dial_warm(lane& on, const rule& by, const remote& whom, warm_connection& into);

}  // namespace relay::forward
