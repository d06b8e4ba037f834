#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace relay::forward {

/// A `max_connections`: counts who is inside, and remembers that somebody waits and whether that
/// has been said. Its owner guards it, but for the count, which goes on while there is no limit: a
/// reload may bring one. Time is an argument.
class gate {
 public:
  using clock = std::chrono::steady_clock;
  /// Nobody refused for so long: the limit does not bite any more. At the limit each connection
  /// that goes lets one in and refuses the next, which is not worth two lines each time.
  static constexpr std::chrono::seconds calm{10};

  /// `name`: whose limit it is, for the log. `limit` 0: none.
  gate(std::string name, std::uint64_t limit) : name_(std::move(name)), limit_(limit) {}

  const std::string& name() const noexcept { return name_; }
  std::uint64_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
  /// Those who are inside stay there, even if they are more than that.
  void change_limit(std::uint64_t limit) noexcept { limit_ = limit; }
  bool is_limited() const noexcept { return limit() != 0; }
  bool is_biting() const noexcept { return biting_; }
  bool has_room() const noexcept { return !is_limited() || inside_ < limit(); }

  void enter() noexcept { inside_.fetch_add(1, std::memory_order_relaxed); }
  /// Where nobody can be waiting.
  void leave_quietly() noexcept { inside_.fetch_sub(1, std::memory_order_relaxed); }
  /// Whether somebody waits and is to be told that there is room.
  bool leave() noexcept;
  /// Somebody has to wait. Returns whether the limit begins to bite.
  bool refuse(clock::time_point now) noexcept;
  /// Whether it has just turned out that the limit bites no more.
  bool has_calmed_down(clock::time_point now) noexcept;

 private:
  std::string name_;
  std::atomic<std::uint64_t> limit_;
  std::atomic<std::uint64_t> inside_{0};
  clock::time_point last_refused_{};
  bool waiting_ = false;
  bool biting_ = false;
};

}  // namespace relay::forward
