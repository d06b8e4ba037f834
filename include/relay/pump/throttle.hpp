#pragma once

#include <relay/net/alarms.hpp>
#include <relay/net/poller.hpp>
#include <relay/pump/byte_rates.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace relay::pump {

/// Keeps one direction of one session to its rates. It books a turn – some bytes – with all of
/// them, says how much of it is left, and wakes the session when the next turn begins. Turns are
/// booked only by who has something to move, so those who share a rate have theirs one after the
/// other. On one worker; what is not used of a turn goes back.
class throttle final : private net::alarm {
 public:
  /// `own` is a rate in bytes per second, 0: none. `with`: the rate of all, or null.
  throttle(net::alarms& on, net::poller& poller, net::waiter& flow, std::uint64_t own,
           shared_rate* with);
  ~throttle() { give_back(); }

  /// How much may be read now. 0: nothing, and the flow is woken when that changes.
  std::size_t allowance();
  /// So much has been read.
  void spend(std::size_t bytes) noexcept;
  /// There is nothing to read. What is left of the turn is kept for a moment, since more mostly
  /// comes soon, then it goes to others.
  void rest();
  /// It waits for its turn.
  bool is_waiting() const noexcept { return waiting_; }

 private:
  using clock = net::alarms::clock;

  void due() override;
  void book(clock::time_point now);
  std::uint64_t next_turn(clock::time_point now) const noexcept;
  void give_back() noexcept;

  net::alarms& alarms_;
  net::poller& poller_;
  net::waiter& flow_;
  std::optional<token_bucket> own_;
  shared_rate* with_;
  std::size_t left_ = 0;  // of the turn
  std::size_t turn_ = 0;
  clock::time_point begins_{};
  std::chrono::nanoseconds late_{0};  // the worker was busy when the turn began
  bool waiting_ = false;
  bool wanting_ = false;  // it has had to wait, and has not rested since
  bool resting_ = false;
  bool sharing_ = false;  // counted among those who share
};

}  // namespace relay::pump
