#include <relay/forward/proxy_policy.hpp>

#include <algorithm>

namespace relay::forward {

proxy_policy::proxy_policy(const config::network& from)
    : accepts(from.accept_proxy),
      limit(from.accept_proxy_timeout),
      sends(from.send_proxy ? from.send_proxy_version : 0),
      datagrams(from.send_proxy_udp) {
  for (const auto& each : from.trusted_proxies) trusted_.push_back(each.block);
}

bool proxy_policy::trusts(const ip_address& sender) const noexcept {
  return trusted_.empty() ||
         std::ranges::any_of(trusted_, [&](const cidr& each) { return each.contains(sender); });
}

bool proxy_policy::is_new(const ip_address& refused) {
  const std::lock_guard lock(mutex_);
  return known_.size() < most_known && known_.insert(refused).second;
}

}  // namespace relay::forward
