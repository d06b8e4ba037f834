#pragma once

#include <relay/base/code.hpp>
#include <relay/config/config.hpp>
#include <relay/config/diff.hpp>
#include <relay/forward/lane_change.hpp>
#include <relay/forward/live_endpoint.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace relay::forward {

/// Why a configuration cannot be applied.
struct change_failure {
  code what = code::internal;
  std::optional<std::size_t> endpoint;  ///< index into the new settings
  std::string message;
};

/// Another configuration for a server that runs, with all that could fail done: see
/// `server::prepare`. Destroyed without having been applied it closes what was opened for it.
struct change {
  config::settings next;
  config::changes diff;
  std::vector<change_failure> failures;   ///< empty: it can be applied
  std::vector<config::problem> warnings;  ///< of certificates

  // For the server.
  std::vector<live_endpoint> live;  // of the new settings
  std::vector<new_listener> opened;
  lane_change lanes;
  struct new_limit {
    rule_ptr of;
    std::uint64_t most = 0;
  };
  std::vector<new_limit> limits;
};

}  // namespace relay::forward
