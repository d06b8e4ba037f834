#include <relay/forward/storm.hpp>

namespace relay::forward {

bool storm::record(const key& what, clock::time_point now) {
  const auto [found, first] = running_.try_emplace(what, state{now, 0});
  if (!first) ++found->second.held_back;
  return first;
}

std::vector<storm::summary> storm::due(clock::time_point now) { return older_than(window, now); }

std::vector<storm::summary> storm::rest(clock::time_point now) {
  return older_than(clock::duration::zero(), now);
}

std::vector<storm::summary> storm::older_than(clock::duration age, clock::time_point now) {
  std::vector<summary> over;
  for (auto it = running_.begin(); it != running_.end();) {
    auto& [what, running] = *it;
    if (now - running.since < age) {
      ++it;
    } else if (running.held_back == 0) {
      it = running_.erase(it);
    } else {
      const auto during = std::chrono::ceil<std::chrono::seconds>(now - running.since);
      over.push_back({what, running.held_back, during});
      running = {now, 0};
      ++it;
    }
  }
  return over;
}

}  // namespace relay::forward
