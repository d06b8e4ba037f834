#include <relay/ops/stall_watch.hpp>

#include <algorithm>

namespace relay::ops {

stall_watch::stall_watch(std::size_t loops, milliseconds limit, time_point now)
    : limit_(limit), period_(std::max(limit / 4, milliseconds(10))), last_(now), loops_(loops) {}

std::vector<stall_watch::finding> stall_watch::look(std::span<const std::uint32_t> turns,
                                                    time_point now) {
  const auto since = std::chrono::duration_cast<milliseconds>(now - last_);
  const auto lived = std::min(since, period_);
  last_ = now;
  std::vector<finding> found;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    auto& each = loops_[i];
    if (each.turns != turns[i]) {
      if (each.is_stalled) found.push_back({i, change::turns_again, each.still + lived});
      each = {turns[i]};
    } else if (!each.is_asked) {
      each.is_asked = true;
      found.push_back({i, change::ask, {}});
    } else {
      each.still += lived;
      if (each.is_stalled || each.still < limit_) continue;
      each.is_stalled = true;
      found.push_back({i, change::stalled, each.still});
    }
  }
  return found;
}

std::size_t stall_watch::stalled() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(loops_, &loop::is_stalled));
}

}  // namespace relay::ops
