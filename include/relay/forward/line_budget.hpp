#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace relay::forward {

/// How many sessions may have a line of their own: so many a second, the others are counted. A
/// second share is kept for those that an operator looks for first, so that a flood of ordinary
/// ones does not hide them. Pure: time is an argument.
class line_budget {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::uint32_t per_second = 200;  ///< of each share
  static constexpr std::chrono::seconds window{10};

  enum class kind : std::uint8_t { ordinary, remarkable };
  struct summary {
    std::uint64_t left_out = 0;
    std::chrono::seconds during;  ///< since the first of them, rounded up
  };

  /// Whether this one is to be written.
  bool admit(kind what, clock::time_point now) noexcept {
    if (now - second_ >= std::chrono::seconds(1)) {
      second_ = now;
      ordinary_ = remarkable_ = 0;
    }
    if (ordinary_ < per_second) {
      ++ordinary_;
      return true;
    }
    if (what == kind::remarkable && remarkable_ < per_second) {
      ++remarkable_;
      return true;
    }
    if (left_out_++ == 0) since_ = now;
    return false;
  }
  /// How many were left out, once a window is over; nothing: none, or not yet.
  std::optional<summary> due(clock::time_point now) noexcept {
    if (now - since_ < window) return std::nullopt;
    return rest(now);
  }
  /// The same, due or not: the last chance to say it.
  std::optional<summary> rest(clock::time_point now) noexcept {
    if (left_out_ == 0) return std::nullopt;
    return summary{std::exchange(left_out_, 0),
                   std::chrono::ceil<std::chrono::seconds>(now - since_)};
  }
  bool owes() const noexcept { return left_out_ != 0; }

 private:
  clock::time_point second_{};
  clock::time_point since_{};
  std::uint32_t ordinary_ = 0;
  std::uint32_t remarkable_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace relay::forward
