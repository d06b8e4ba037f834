#pragma once

#include "loop.hpp"
#include "options.hpp"
#include "report.hpp"

#include <functional>
#include <vector>

namespace relay::bench {

/// The time a run is measured in: after a warm-up, for a number of seconds, with the CPU time that
/// the watched processes and the generator itself use meanwhile.
class measurement {
 public:
  /// Reads --seconds, --warm-up, --amount and --watch (pids). The warm-up is longer where it takes
  /// longer until `is_warm`, but not by more than ten seconds.
  measurement(
      options& given, std::function<void()> forget_warm_up,
      std::function<bool()> is_warm = [] { return true; });
  /// Asked once a turn; false when the time is over, or when as much is `done` as --amount allows,
  /// warm-up included (for who counts instructions).
  bool goes_on(std::uint64_t done = 0);
  steady::time_point end() const noexcept { return end_; }
  /// Seconds, the CPU of the watched (`cpu`) and of the generator (`own_cpu`).
  report results() const;

 private:
  void begin();

  std::vector<pid_t> watched_;
  std::function<void()> forget_;
  std::function<bool()> is_warm_;
  double warm_up_;
  std::uint64_t amount_;
  steady::duration seconds_;
  steady::time_point begin_;
  steady::time_point end_;
  steady::time_point over_;
  bool counting_ = false;
  double cpu_ = 0;
  double own_cpu_ = 0;
};

}  // namespace relay::bench
