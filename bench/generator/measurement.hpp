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
  /// Reads --seconds, --warm-up and --watch (pids).
  measurement(options& given, std::function<void()> forget_warm_up);
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
