#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace relay::transport {

/// How many of the messages that carry no payload – KeyUpdates, tickets, empty records, pings,
/// pongs, empty frames – a peer may send: 32 in a burst and ten a second, for ever. A token bucket
/// kept as one number, the tenth of a second by which it will be full again. Pure: time is an
/// argument.
class empty_budget {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  enum class verdict : std::uint8_t {
    within,  ///< as many as anybody may send
    over,    ///< more than that; the peer is served, but each costs it the rest of its turn
    flood,   ///< so many more that no honest peer sends them
  };

  /// In tokens: what may come at once, and the debt from which on it is a flood.
  static constexpr std::uint32_t burst = 32;
  static constexpr std::uint32_t flood = 4 * burst;

  verdict take(std::uint32_t messages, time_point now) noexcept {
    const auto tick = ticks(now);
    // The count of ticks wraps around after 13 years; the difference stays right.
    const auto ahead = static_cast<std::int32_t>(full_at_ - tick);
    const auto owed = ahead > 0 && ahead <= static_cast<std::int32_t>(most_owed)
                          ? static_cast<std::uint32_t>(ahead)
                          : 0U;
    const auto now_owed = owed + std::min(messages, most_owed - owed);
    full_at_ = tick + now_owed;
    if (now_owed <= burst) return verdict::within;
    return now_owed <= flood ? verdict::over : verdict::flood;
  }

 private:
  static constexpr std::uint32_t most_owed = 2 * flood;

  static std::uint32_t ticks(time_point now) noexcept {
    using tenths = std::chrono::duration<std::int64_t, std::deci>;  // one token each
    return static_cast<std::uint32_t>(std::chrono::floor<tenths>(now.time_since_epoch()).count());
  }

  std::uint32_t full_at_ = 0;
};

}  // namespace relay::transport
