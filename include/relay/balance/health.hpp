#pragma once

#include <chrono>
#include <cstdint>

namespace relay::balance {

/// What connects say about one remote. Two failures in a row put it aside for a second; when its
/// time is over one connection at a time may try it: a failure then doubles the time, up to a
/// minute, a success brings it back. Time and noise are arguments.
class health {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr int most_failures = 2;
  static constexpr std::chrono::seconds shortest{1};
  static constexpr std::chrono::seconds longest{60};
  static constexpr double spread = 0.2;  ///< of the time aside, so that many relays do not agree

  enum class event : std::uint8_t { none, put_aside, stays_aside, back };
  struct change {
    event what = event::none;
    std::chrono::seconds time{0};  ///< how long it will be aside, or has been
  };

  bool is_up() const noexcept { return !aside_; }
  /// It is aside, its time is over, and nobody else is trying it.
  bool may_be_tried(time_point now) const noexcept { return aside_ && !trying_ && now >= until_; }
  bool is_beyond_doubt() const noexcept { return !aside_ && failures_ == 0; }
  time_point until() const noexcept { return until_; }

  /// A number for the time between two changes. What was begun in an earlier one says nothing any
  /// more: a hundred connects that fail together are not a hundred reasons.
  std::uint32_t period() const noexcept { return period_; }

  /// The same, without the trial that is under way.
  health inherited() const noexcept {
    auto made = *this;
    made.trying_ = false;
    return made;
  }

  void begin_trial() noexcept { trying_ = true; }
  void abandon_trial(std::uint32_t period) noexcept;
  /// The outcome of a connect that was begun in `period`. `noise`: -1 to 1.
  change failed(std::uint32_t period, bool trial, time_point now, double noise);
  change succeeded(std::uint32_t period, time_point now);

 private:
  void put_aside(std::chrono::seconds pause, time_point now, double noise);

  time_point since_{};
  time_point until_{};
  std::chrono::seconds pause_{0};
  std::uint32_t period_ = 0;
  int failures_ = 0;
  bool aside_ = false;
  bool trying_ = false;
};

}  // namespace relay::balance
