#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace relay::forward {

/// Of a datagram: equal for equal ones, and mostly different for others. Looks at eight words of it
/// at most.
std::uint32_t fingerprint(std::span<const std::byte> data) noexcept;

/// Recognises a datagram that goes round: the same one comes back more than 50 times a second. Two
/// relays do that to one whose forged source is the other's listener, when their remotes answer
/// whatever comes. What a client repeats by itself looks the same, so nothing is decided for good:
/// everything is dropped for `pause`, which no loop survives. Who goes on after that is a client,
/// and is left alone for longer each time. Pure, and small: each association has one.
class loop_watch {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds pause{200};
  static constexpr std::uint32_t most = 50;  ///< times a second

  enum class verdict : std::uint8_t { pass, begins, drop };  ///< `begins`: drop, and say so

  /// One has come. `answers` counts what went back so far: of a loop each time something does.
  verdict see(std::uint32_t print, std::uint32_t answers, clock::time_point now) noexcept {
    if (print == print_ || pausing_) return judge(print, answers, now);
    if (since(now) >= window << doubt_) begin(print, answers, now);
    return verdict::pass;
  }

 private:
  static constexpr std::uint32_t window = 1000;  // ms
  static constexpr std::uint8_t most_doubt = 6;  // a minute

  static std::uint32_t ms(clock::time_point now) noexcept {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  }
  std::uint32_t since(clock::time_point now) const noexcept { return ms(now) - began_; }
  void begin(std::uint32_t print, std::uint32_t answers, clock::time_point now) noexcept;
  verdict judge(std::uint32_t print, std::uint32_t answers, clock::time_point now) noexcept;

  std::uint32_t print_ = 0;
  std::uint32_t began_ = 0;  // of counting or of the pause, in ms
  std::uint32_t times_ = 0;
  std::uint32_t answers_ = 0;  // before
  std::uint8_t doubt_ = 0;     // how often it was no loop
  bool pausing_ = false;
};

}  // namespace relay::forward
