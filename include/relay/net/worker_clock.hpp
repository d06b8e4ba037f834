#pragma once

#include <chrono>
#include <optional>

namespace relay::net {

/// A worker's own time, by which its limits are: the steady clock, less the time in which the
/// worker could not run. Whoever stops the process, freezes its group or its machine stops this
/// clock too, so that nobody's limit is over before what came meanwhile has been served. Pure: the
/// real time is an argument.
///
/// A stop shows as a look that comes much later than it was due. Without limits nobody looks; then
/// it is the steady clock.
class worker_clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A look that is later than this was held up: a busy worker is not.
  static constexpr std::chrono::milliseconds tolerance{300};

  /// From now on the worker looks, next at that moment.
  void expect_look(time_point at) noexcept { due_ = at; }
  /// Only while a look is expected.
  time_point due() const noexcept { return *due_; }
  /// Nobody has a limit any more.
  void expect_none() noexcept { due_.reset(); }

  /// The worker looks. False: it was held up. Limits are then to be left alone until `again` has
  /// passed, which is when the next look is due: what waits is served first.
  bool look(time_point real, std::chrono::milliseconds again) noexcept {
    if (!due_ || real <= *due_ + tolerance) return true;
    behind_ += real - *due_;
    due_ = real + again;
    return false;
  }

  /// Own time. It runs no further than `tolerance` past a look that is due.
  time_point now(time_point real) const noexcept {
    if (due_ && real > *due_ + tolerance) real = *due_ + tolerance;
    return real - behind_;
  }
  /// How much less that is than real time, to the last look.
  std::chrono::nanoseconds behind() const noexcept { return behind_; }

 private:
  std::optional<time_point> due_;
  std::chrono::nanoseconds behind_{0};
};

}  // namespace relay::net
