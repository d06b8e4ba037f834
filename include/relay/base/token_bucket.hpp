#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace relay {

/// A rate of bytes, kept as one number: the moment up to which it is spent. Who wants to move bytes
/// books them and may move them when their turn begins; so turns are in the order of bookings, and
/// a turn that is taken late loses nothing. Usable from every thread, without a lock. Pure: time is
/// an argument.
class token_bucket {
 public:
  using clock = std::chrono::steady_clock;
  using nanoseconds = std::chrono::nanoseconds;

  /// At least 1. Nothing is saved up before `began`.
  token_bucket(std::uint64_t bytes_per_second, clock::time_point began) noexcept
      : rate_(bytes_per_second), spent_(began.time_since_epoch().count()) {}

  std::uint64_t rate() const noexcept { return rate_; }

  /// When the turn of so many bytes begins; `now` or earlier: at once. Of what was not spent before
  /// now, as much is left as `saved` yields.
  clock::time_point book(std::uint64_t bytes, clock::time_point now, nanoseconds saved) noexcept;
  /// How many of `count` pieces of so many bytes may go now: while the rate is spent for less than
  /// `ahead` from now on. Only these are booked.
  std::uint64_t book_some(std::uint64_t bytes, std::uint64_t count, clock::time_point now,
                          nanoseconds ahead) noexcept;
  /// Bytes that were booked and not moved.
  void refund(std::uint64_t bytes) noexcept;

  clock::time_point spent_until() const noexcept {
    return clock::time_point(nanoseconds(spent_.load(std::memory_order_relaxed)));
  }
  /// For how long from now on the rate is spent; not below zero.
  nanoseconds spent_ahead(clock::time_point now) const noexcept;
  /// How long so many bytes take, rounded up; a year at most.
  nanoseconds time_of(std::uint64_t bytes) const noexcept;

 private:
  std::uint64_t rate_;
  std::atomic<std::int64_t> spent_;  // nanoseconds of the clock
};

}  // namespace relay
