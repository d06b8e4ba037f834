#pragma once

#include <relay/config/diff.hpp>

#include <cstdint>
#include <functional>
#include <string>

/// What a reload would do, for operators and for programs, before it is done.
namespace relay::config {

/// How many sessions an endpoint has, by its index in the old settings; empty: nobody knows.
using session_counts = std::function<std::uint64_t(std::size_t before)>;

/// One line for each endpoint that is not the same, then one for each other key that differs:
///     + web: listen 0.0.0.0:80 => 10.0.0.1:80
///     ~ game: remote 10.0.0.1:1 -> 10.0.0.2:1, network.tcp_timeout 5s -> 3s (12 sessions live on)
///     - 0.0.0.0:81 => 10.0.0.1:81 (3 sessions have 10s to end)
///     ~ log.level warn -> info
///     ! process.user none -> nobody needs a restart
/// or `nothing changes`. `what` is the difference between the two.
std::string plan_text(const changes& what, const settings& from, const settings& to,
                      const session_counts& live = {});

/// The same as one line of JSON: `{"changes": true, "endpoints": […], "follows": […],
/// "needs_restart": […]}`. Endpoints that are the same are not in it.
std::string plan_json(const changes& what, const settings& from, const settings& to,
                      const session_counts& live = {});

}  // namespace relay::config
