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
    std::map<const endpoint_state*, live_traffic> live;
    std::size_t missing = 0;
    struct one {
      std::size_t index;
      std::string name;
      rule_ptr by;
    };
    std::vector<one> endpoints;  // of now: a reload may bring others before all have answered
    std::function<void(std::vector<endpoint_totals>)> told;

    std::vector<endpoint_totals> totals() const {
      std::vector<endpoint_totals> made;
      for (const auto& each : endpoints) {
        const auto found = live.find(each.by->state.get());
        made.push_back(totals_of(*each.by, found == live.end() ? live_traffic() : found->second));
        made.back().endpoint = each.index;
        made.back().name = each.name;
      }
      return made;
    }
  };
  const auto all = std::make_shared<tally>();
  all->missing = all_lanes_.size();
  all->told = std::move(told);
  for (std::size_t i = 0; i < live_.size(); ++i) {
    const auto& by = live_[i].by;
    const bool listens = live_[i].at && live_[i].failure.empty();
    if (!listens && !by->is_draining) continue;
    all->endpoints.push_back({i, settings_.endpoints[i].name, by});
  }
  for (auto* each : all_lanes_) {
    each->worker().post([each, all] {
      const std::lock_guard lock(all->mutex);
      each->count(all->live);
      if (--all->missing == 0) all->told(all->totals());
    });
  }
}

}  // namespace relay::forward
