#pragma once

#include <chrono>
#include <ctime>

namespace relay::net {

/// How far behind the steady clock `coarse_now` may be: a kernel's tick of 100 Hz.
constexpr std::chrono::milliseconds coarse_grain{10};

/// The steady clock to a few milliseconds, for a few nanoseconds: what idle limits need.
inline std::chrono::steady_clock::time_point coarse_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::chrono::steady_clock::time_point(std::chrono::seconds(now.tv_sec) +
                                               std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace relay::net
