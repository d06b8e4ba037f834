#include <relay/net/timer_wheel.hpp>

#include <algorithm>

namespace relay::net {

void timer_wheel::arm(timer& what, std::chrono::milliseconds after) {
  what.disarm();
  if (!running_) {
    running_ = true;
    now_ = start_();
  }
  // The current tick has partly passed, so one more keeps the promise of "never early".
  const auto ticks =
      (std::max(after, std::chrono::milliseconds(0)) + tick - std::chrono::milliseconds(1)) / tick;
  what.deadline_ =
      now_ + static_cast<std::uint32_t>(std::min<std::int64_t>(ticks, INT32_MAX - 1)) + 1;
  slots_[what.deadline_ % slots_.size()].push_back(what);
}

bool timer_wheel::advance(std::uint32_t to_tick) {
  // A pause longer than a revolution (a stopped process) needs every slot once, not many times.
  const auto behind = to_tick - now_;
  if (behind > slots_.size()) now_ = to_tick - static_cast<std::uint32_t>(slots_.size());
  while (now_ != to_tick) {
    ++now_;
    expire(slots_[now_ % slots_.size()]);
  }
  running_ = std::ranges::any_of(slots_, [](const slot& s) { return !s.empty(); });
  return running_;
}

void timer_wheel::expire(slot& due_or_later) {
  slot here;
  here.swap(due_or_later);
  while (!here.empty()) {
    auto& next = here.front();
    here.pop_front();
    // Ticks wrap around after 13 years; the difference stays right.
    if (static_cast<std::int32_t>(next.deadline_ - now_) > 0) {
      due_or_later.push_back(next);  // a later revolution
    } else {
      next.expired();
    }
  }
}

}  // namespace relay::net
