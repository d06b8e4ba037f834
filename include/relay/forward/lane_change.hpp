#pragma once

#include <relay/base/ip.hpp>
#include <relay/config/config.hpp>
#include <relay/forward/binding.hpp>
#include <relay/forward/own_listener.hpp>
#include <relay/forward/rule.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

/// What a reload tells the lanes: listeners that open, change hands and close, and rules that take
/// the place of others.
namespace relay::forward {

/// A listening socket that stays open and leads to another rule from now on.
struct kept_listener {
  rule_ptr from;
  rule_ptr to;
  ip_endpoint at;
  bool datagrams = false;
  std::uint16_t nth = 0;  ///< which port of the new rule's range
};

struct closed_listener {
  rule_ptr of;
  ip_endpoint at;
  bool datagrams = false;
};

struct new_listener {
  rule_ptr by;
  bound_socket socket;
  ip_endpoint at;
};

/// A rule that serves no newcomers from now on.
struct replaced_rule {
  rule_ptr from;
  rule_ptr to;  ///< null: the endpoint is no more
  config::fate sessions = config::fate::keep;
  std::chrono::milliseconds within{0};  ///< in which they have to end, if they are to drain
};

/// The same for all lanes; each does what it has a part in.
struct lane_change {
  std::vector<kept_listener> kept;
  std::vector<closed_listener> closed;
  std::vector<replaced_rule> replaced;
  std::vector<rule_ptr> warm;  ///< rules whose connections are made ahead from now on
  std::shared_ptr<const own_listeners> own;
  bool has_rates = false;         ///< some rule has
  bool has_other_limits = false;  ///< some `max_connections` changes: who was refused may come in
};

}  // namespace relay::forward
