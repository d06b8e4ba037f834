#include <relay/net/timer_wheel.hpp>

#include <algorithm>

namespace relay::net {

using std::chrono::milliseconds;

timer_wheel::moment timer_wheel::arm(timer& what, milliseconds after) {
  what.disarm();
  if (!running_) {
    now_ = start_();  // may throw: then it still pauses
    running_ = true;
  }
  // The tick that is over by then, but not the current one.
  constexpr milliseconds most = tick * (INT32_MAX / 2);
  const auto now = elapsed();
  const auto due = now + std::clamp(after, milliseconds(0), most);
  what.deadline_ = static_cast<std::uint32_t>((due + tick - milliseconds(1)) / tick);
  if (static_cast<std::int32_t>(what.deadline_ - now_) <= 0) what.deadline_ = now_ + 1;
  slots_[what.deadline_ % slots_.size()].push_back(what);
  return static_cast<moment>(now.count());
}

milliseconds timer_wheel::elapsed() const {
  return elapsed_ ? elapsed_() : (std::int64_t{now_} + 1) * tick;
}

timer_wheel::moment timer_wheel::note() const { return static_cast<moment>(elapsed().count()); }

milliseconds timer_wheel::since(moment then) const noexcept {
  constexpr moment most_ahead = 10'000;  // what was noted in this tick is ahead of it
  const auto passed = static_cast<moment>((std::int64_t{now_} * tick).count()) - then;
  return milliseconds(passed > UINT32_MAX - most_ahead ? 0 : passed);
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
      contain(fault_, [&next] { next.expired(); });
    }
  }
}

}  // namespace relay::net
