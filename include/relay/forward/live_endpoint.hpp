#pragma once

#include <relay/base/code.hpp>
#include <relay/base/ip.hpp>
#include <relay/config/config.hpp>
#include <relay/forward/binding.hpp>
#include <relay/forward/lane_change.hpp>
#include <relay/forward/rule.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace relay::forward {

/// A listening socket that a lane serves.
struct live_listener {
  ip_endpoint at;
  bool datagrams = false;
  std::uint16_t nth = 0;   ///< which port of its endpoint's range
  std::size_t worker = 0;  ///< whose lane
};

/// An endpoint of the settings that are in force.
struct live_endpoint {
  rule_ptr by;
  std::optional<ip_endpoint> at;         ///< where it listens (the first port); nothing: nowhere
  std::vector<live_listener> listeners;  ///< once the workers have them
  std::string failure;                   ///< why it does not listen, though it should
};

/// What this machine lacks for an endpoint.
struct endpoint_lack {
  code what;
  std::string message;
};

/// Fills in what the rule's connections need of this machine: the address of `through`. What there
/// is not, if anything.
std::optional<endpoint_lack> find_way(rule& of, const config::endpoint& from);

/// Notes where an endpoint listens now, besides where it did. The sockets go to `opened`.
void take_in(live_endpoint& into, bound_endpoint bound, std::vector<new_listener>& opened);

/// How many associations of the endpoint each worker may have that listens for datagrams.
void share_associations(const live_endpoint& among);

/// The listeners for datagrams of all of them; holds their rules.
std::shared_ptr<const own_listeners> own_listeners_of(std::span<const live_endpoint> all);

}  // namespace relay::forward
