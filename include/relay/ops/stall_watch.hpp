#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace relay::ops {

/// Tells loops that are stuck from loops that have nothing to do, by the number of turns that each
/// has made. One that has made none since the last look is asked to; it is stalled when it has not
/// for `limit`. Time and turns are arguments.
///
/// It counts the time that the looking thread has lived through: after a look that comes late – the
/// process was stopped, the machine frozen or overloaded – only one period is counted.
class stall_watch {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  enum class change { ask, stalled, turns_again };
  struct finding {
    std::size_t loop;
    change what;
    milliseconds still;  ///< for how long it has not turned
    friend bool operator==(const finding&, const finding&) = default;
  };

  stall_watch(std::size_t loops, milliseconds limit, time_point now);

  /// How often look() wants to be called.
  milliseconds period() const noexcept { return period_; }
  /// What has changed since the last look. `turns`: of each loop, and may wrap around.
  std::vector<finding> look(std::span<const std::uint32_t> turns, time_point now);
  std::size_t stalled() const noexcept;

 private:
  struct loop {
    std::uint32_t turns = 0;
    bool is_asked = false;
    bool is_stalled = false;
    milliseconds still{0};
  };

  milliseconds limit_;
  milliseconds period_;
  time_point last_;
  std::vector<loop> loops_;
};

}  // namespace relay::ops
