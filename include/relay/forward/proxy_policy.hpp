#pragma once

#include <relay/base/cidr.hpp>
#include <relay/config/config.hpp>

#include <chrono>
#include <mutex>
#include <set>
#include <vector>

namespace relay::forward {

/// What an endpoint has to do with the PROXY protocol, prepared once. Shared by all workers; what
/// changes guards itself.
class proxy_policy {
 public:
  explicit proxy_policy(const config::network& from);

  const bool accepts;                     ///< clients begin with a header
  const std::chrono::milliseconds limit;  ///< for the header; 0: none
  const int sends;                        ///< the version of ours; 0: none is sent
  const config::udp_proxy datagrams;      ///< which of them carry one

  /// Whether this one's headers are believed.
  bool trusts(const ip_address& sender) const noexcept;
  /// Whether it has not been refused before: then it is worth a line. Senders beyond `most_known`
  /// are none, so that nobody who has many addresses fills the memory or the log.
  bool is_new(const ip_address& refused);

  static constexpr std::size_t most_known = 1024;

 private:
  std::vector<cidr> trusted_;  // empty: anyone
  std::mutex mutex_;           // of the set
  std::set<ip_address> known_;
};

}  // namespace relay::forward
