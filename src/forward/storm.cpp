#include <relay/forward/storm.hpp>

namespace relay::forward {

bool storm::record(const key& what, clock::time_point now) {
  const auto [found, first] = running_.try_emplace(what, state{now, 0});
  if (!first) ++found->second.held_back;
  return first;
}

std::vector<storm::summary> storm::due(clock::time_point now) {
  std::vector<summary> over;
  for (auto it = running_.begin(); it != running_.end();) {
    auto& [what, running] = *it;
    if (now - running.since < window) {
      ++it;
    } else if (running.held_back == 0) {
      it = running_.erase(it);
    } else {
      over.push_back({what, running.held_back});
      running = {now, 0};
      ++it;
    }
  }
  return over;
}

}  // namespace relay::forward
