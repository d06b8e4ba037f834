#pragma once

#include <relay/base/ip.hpp>
#include <relay/forward/rule.hpp>
#include <relay/net/listener.hpp>

#include <cstdint>
#include <utility>

namespace relay::forward {

/// One listening socket for connections, on one worker, and the rule that its clients are served
/// by. A reload may give it another rule, while the socket and those who wait in its queue stay.
struct stream_inlet {
  /// `events` refer to the inlet, which never moves.
  template <class MakeEvents>
  stream_inlet(net::poller& on, net::timer_wheel& wheel, rule_ptr of, std::uint16_t port_index,
               const ip_endpoint& bound, MakeEvents events)
      : by(std::move(of)), nth(port_index), at(bound), listener(on, wheel, events(*this)) {}
  stream_inlet(const stream_inlet&) = delete;
  stream_inlet& operator=(const stream_inlet&) = delete;

  rule_ptr by;
  std::uint16_t nth;  ///< which port of its endpoint's range
  ip_endpoint at;
  net::listener listener;
};

}  // namespace relay::forward
