#include <relay/forward/lane.hpp>
#include <relay/forward/server.hpp>
#include <relay/forward/totals.hpp>

#include <memory>
#include <mutex>
#include <utility>

// What the endpoints of a running server have done, added up over its workers.
namespace relay::forward {

void server::add_up(std::function<void(std::vector<endpoint_totals>)> told) {
  struct tally {
    std::mutex mutex;
    std::map<const rule*, live_traffic> live;
    std::size_t missing = 0;
    std::function<void(std::vector<endpoint_totals>)> told;
  };
  const auto all = std::make_shared<tally>();
  all->missing = all_lanes_.size();
  all->told = std::move(told);
  for (auto* each : all_lanes_) {
    each->worker().post([this, each, all] {
      const std::lock_guard lock(all->mutex);
      each->count(all->live);
      if (--all->missing == 0) all->told(totals(all->live));
    });
  }
}

std::vector<endpoint_totals> server::totals(const std::map<const rule*, live_traffic>& live) const {
  std::vector<endpoint_totals> made;
  for (const auto& each : sockets_) {
    const auto& of = *rules_[each.endpoint];
    const auto found = live.find(&of);
    made.push_back(totals_of(of, found == live.end() ? live_traffic() : found->second));
    const auto& network = settings_.endpoints[each.endpoint].network;
    made.back().streams = !network.no_tcp;
    made.back().datagrams = network.use_udp;
  }
  return made;
}

}  // namespace relay::forward
