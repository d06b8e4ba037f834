#include "histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace relay::bench {

void histogram::add(std::chrono::nanoseconds sample) noexcept {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(sample.count(), 0));
  ++buckets_[bucket_of(value)];
  ++count_;
  greatest_ = std::max(greatest_, value);
}

double histogram::percentile(double share) const noexcept {
  if (count_ == 0) return 0;
  const auto wanted = std::max(
      std::uint64_t{1}, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(middle_of(i) / 1000, greatest());
  }
  return greatest();
}

// Small values have a bucket each; above, the leading fine+1 bits choose it.
std::size_t histogram::bucket_of(std::uint64_t value) noexcept {
  const auto bits = static_cast<int>(std::bit_width(value));
  if (bits <= fine) return value;
  const int shift = bits - fine - 1;
  const auto lead = (value >> shift) - (std::uint64_t{1} << fine);
  return (static_cast<std::size_t>(shift + 1) << fine) + lead;
}

double histogram::middle_of(std::size_t bucket) noexcept {
  constexpr auto per_power = std::size_t{1} << fine;
  if (bucket < per_power) return static_cast<double>(bucket);
  const auto shift = static_cast<int>(bucket >> fine) - 1;
  const auto lead = (bucket & (per_power - 1)) + per_power;
  return std::ldexp(static_cast<double>(lead) + 0.5, shift);
}

}  // namespace relay::bench
