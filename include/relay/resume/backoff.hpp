#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace relay::resume {

/// How long to wait before the next attempt to get a carrier: nothing the first time, then 100 ms,
/// twice as much each time, at most 5 s; each between a half and the whole of it, by the noise, so
/// that many sessions that lose their carrier at once do not come back at once.
class backoff {
 public:
  static constexpr std::chrono::milliseconds least{100};
  static constexpr std::chrono::milliseconds most{5000};

  /// `noise`: any number.
  std::chrono::milliseconds next(std::uint64_t noise) noexcept {
    const auto nth = failures_++;
    if (nth == 0) return std::chrono::milliseconds(0);
    const auto whole = nth > 6 ? most : std::min(most, least * (1 << (nth - 1)));
    const auto half = static_cast<std::uint64_t>(whole.count() / 2);
    return std::chrono::milliseconds(half + noise % (half + 1));
  }
  /// A carrier was had, and the peer has answered on it.
  void succeeded() noexcept { failures_ = 0; }
  std::uint32_t failures() const noexcept { return failures_; }

 private:
  std::uint32_t failures_ = 0;
};

}  // namespace relay::resume
