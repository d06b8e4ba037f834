#pragma once

#include <cstdint>

namespace relay::forward {

/// Many connections have ended on a worker: is it over? What they leave to the allocator is worth
/// giving back then, not while the next ones come to take it, and not after a few. Pure: it is told
/// of ends and of periods.
class flood_of_ends {
 public:
  /// So many are a flood; as many in one period, and it goes on.
  static constexpr std::uint32_t many = 128;
  /// Periods after which even a flood that goes on is taken for a calm.
  static constexpr std::uint32_t longest = 30;

  /// One more. True: periods are of interest from here on.
  bool ended() noexcept {
    ++recent_;
    if (is_watched_ || recent_ < many) return false;
    recent_ = 0;
    is_watched_ = true;
    return true;
  }

  /// A period is over. True: so is the flood, and no more periods are of interest.
  bool period_over() noexcept {
    const bool goes_on = recent_ >= many;
    recent_ = 0;
    if (goes_on && ++periods_ < longest) return false;
    *this = {};
    return true;
  }

 private:
  std::uint32_t recent_ = 0;
  std::uint32_t periods_ = 0;
  bool is_watched_ = false;
};

}  // namespace relay::forward
