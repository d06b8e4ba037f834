#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace relay::bench {

/// Counts durations in buckets that are at most 1/256 of their value wide, so that any number of
/// samples takes the same memory and a percentile is within 0.4 %.
class histogram {
 public:
  void add(std::chrono::nanoseconds sample) noexcept;
  void clear() noexcept { *this = {}; }
  std::uint64_t count() const noexcept { return count_; }
  /// In microseconds; 0 when there is no sample. `share` is 0.5 for the median.
  double percentile(double share) const noexcept;
  double greatest() const noexcept { return static_cast<double>(greatest_) / 1000; }

 private:
  static constexpr int fine = 8;  // 2^8 buckets for each power of two
  static std::size_t bucket_of(std::uint64_t value) noexcept;
  static double middle_of(std::size_t bucket) noexcept;

  std::array<std::uint64_t, (64 - fine + 1) << fine> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t greatest_ = 0;
};

}  // namespace relay::bench
