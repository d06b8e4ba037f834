#include <relay/balance/health.hpp>

#include <algorithm>

namespace relay::balance {

void health::abandon_trial(std::uint32_t period) noexcept {
  if (period == period_) trying_ = false;
}

health::change health::failed(std::uint32_t period, bool trial, time_point now, double noise) {
  if (period != period_) return {};
  if (!aside_) {
    if (++failures_ < most_failures) return {};
    since_ = now;
    ++period_;
    put_aside(shortest, now, noise);
    return {event::put_aside, pause_};
  }
  // Who tried it only because there was nobody else proves nothing new: with all remotes down, a
  // busy endpoint would be at the longest time within a moment.
  if (!trial) return {};
  put_aside(std::min(pause_ * 2, longest), now, noise);
  return {event::stays_aside, pause_};
}

health::change health::succeeded(std::uint32_t period, time_point now) {
  if (period != period_) return {};
  failures_ = 0;
  if (!aside_) return {};
  aside_ = trying_ = false;
  ++period_;
  const auto was = std::chrono::round<std::chrono::seconds>(now - since_);
  return {event::back, std::max(was, std::chrono::seconds(0))};
}

void health::put_aside(std::chrono::seconds pause, time_point now, double noise) {
  aside_ = true;
  trying_ = false;
  pause_ = pause;
  const std::chrono::duration<double> noisy(static_cast<double>(pause.count()) *
                                            (1.0 + spread * noise));
  until_ = now + std::chrono::duration_cast<time_point::duration>(noisy);
}

}  // namespace relay::balance
