#pragma once

#include <cstddef>
#include <cstdint>

namespace relay::pump {

/// Whether a bulk direction is woken for whatever comes or visited once per period
/// (`net::poll_schedule`), which halves its cost where it gathers enough, and holds back whoever
/// waits for the last byte of a message. Pure: bytes and windows in, decisions out.
class moderation {
 public:
  static constexpr std::size_t kib = 1024;
  static constexpr std::size_t mib = 1024 * kib;

  /// A message is over when the other side speaks. So much without a word of it is no message that
  /// somebody waits for, or one that takes so long that a period more does not show.
  static constexpr std::size_t bytes_of_stream = 2 * mib;
  /// Wake-ups that bring less come from somebody slow: a visit would gather little.
  static constexpr std::size_t least_wake = 16 * kib;
  /// A sender whose window is smaller would stand still until the next visit.
  static constexpr std::size_t least_window = 256 * kib;
  /// After so many visits it is weighed what they have brought.
  static constexpr std::uint32_t spell = 16;
  /// So much each is worth it: a busy relay finds as much at each wake-up, and yet a visit saves
  /// acknowledgements. 64 KiB per period are 2.6 Gbit/s.
  static constexpr std::size_t good_visit = 64 * kib;
  /// Below this, 1.3 Gbit/s, it is not: delay would show there more than the cost does. In between
  /// a visit must bring half as much again as a wake-up did.
  static constexpr std::size_t least_visit = 32 * kib;
  /// Before the next try after a spell; each that brought nothing doubles it up to the last.
  static constexpr std::size_t first_pause = mib;
  static constexpr std::size_t last_pause = 64 * mib;

  enum class verdict : std::uint8_t {
    stay,
    look,    ///< stay if the receive window is still `wanted_window`, else let go
    let_go,  ///< be woken again
  };

  bool is_armed() const noexcept { return armed_; }

  /// The other side has spoken. True: be woken again.
  bool message_boundary() noexcept;
  /// A wake-up (while not armed) moved so much and found no more. True: arm, if the receive window
  /// is at least `wanted_window`; then tell by `arm`, or by `refused`.
  bool ran_dry(std::size_t bytes) noexcept;
  /// A wake-up moved so much, and there is more, or the sink is full.
  void moved(std::size_t bytes) noexcept;
  std::size_t wanted_window() const noexcept;
  void arm(std::size_t window) noexcept;
  void refused() noexcept { begin_pause(); }
  /// A visit moved so much.
  verdict visited(std::size_t bytes) noexcept;
  /// What the window is now, after `look`. False: let go.
  bool fits(std::size_t window) noexcept;
  /// It is armed no more, for a reason that is not its own: the sink is full, an end has come.
  void disarmed() noexcept;

 private:
  static constexpr std::uint32_t recent_wakes = 64;  // what the average is about

  void begin_pause() noexcept { since_try_ = 0; }
  bool was_worth_it() const noexcept;

  std::uint64_t since_boundary_ = 0;
  std::uint64_t since_try_ = first_pause;  // the first needs no pause
  std::uint64_t woken_bytes_ = 0;          // by wake-ups while not armed
  std::uint64_t spell_bytes_ = 0;
  std::size_t pause_ = first_pause;
  std::size_t window_ = 0;
  std::size_t last_ = 0;  // what the last wake-up or visit moved
  std::uint32_t wakes_ = 0;
  std::uint32_t visits_ = 0;  // of this spell
  bool armed_ = false;
};

}  // namespace relay::pump
