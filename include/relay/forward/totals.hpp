#pragma once

#include <relay/forward/end_reason.hpp>
#include <relay/forward/error_counts.hpp>
#include <relay/forward/route.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace relay::forward {

struct rule;

/// What is going on at an endpoint at the moment. Each worker has its part, and adds it up when
/// asked, so that nothing is counted while bytes move.
struct live_traffic {
  std::uint64_t connections = 0;
  std::uint64_t associations = 0;
  std::uint64_t up_bytes = 0;  ///< of both kinds, so far
  std::uint64_t down_bytes = 0;
  std::uint64_t up_datagrams = 0;
  std::uint64_t down_datagrams = 0;

  live_traffic& operator+=(const live_traffic& more) noexcept;
};

/// Everything that an endpoint has done, and does now.
struct endpoint_totals {
  std::size_t endpoint = 0;  ///< index into the settings
  std::string name;          ///< empty: it has none
  std::string listen;
  std::string remote;  ///< the main one
  std::vector<remote_state> remotes;
  bool is_draining = false;        ///< it takes no clients any more
  std::uint64_t warm = 0;          ///< connections that are kept ready
  bool streams = true;             ///< it serves TCP
  bool datagrams = false;          ///< it serves UDP
  live_traffic live;               ///< its bytes and datagrams are in the sums below, too
  std::uint64_t connections = 0;   ///< all that were accepted
  std::uint64_t associations = 0;  ///< all that were made
  std::uint64_t up_bytes = 0;
  std::uint64_t down_bytes = 0;
  std::uint64_t up_datagrams = 0;
  std::uint64_t down_datagrams = 0;
  std::uint64_t lost_datagrams = 0;
  std::uint64_t unanswered = 0;  ///< cut off by `half_close_timeout` before the remote answered
  std::array<std::uint64_t, static_cast<std::size_t>(end_reason::count_)> ended{};
  std::vector<error_counts::kind> errors;  ///< the most frequent first
};

/// The sums of one endpoint, its visitors included, which `live` has already.
endpoint_totals totals_of(const rule& of, const live_traffic& live);

}  // namespace relay::forward
