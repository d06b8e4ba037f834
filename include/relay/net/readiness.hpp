#pragma once

#include <relay/net/asio.hpp>
#include <relay/net/poller.hpp>
#include <relay/net/timer_wheel.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>

namespace relay::net {

/// A coroutine's way to wait for what the poller tells, with one limit over all of its waits: a
/// step of a handshake makes one, tries what it can do without blocking, waits, tries again. It
/// lives in the coroutine's frame, on the worker of the poller and the wheel.
class readiness final : public waiter, public timer {
 public:
  /// The limit begins now; 0: none.
  readiness(const asio::any_io_executor& on, timer_wheel& wheel, std::chrono::milliseconds limit);
  /// A limit that is too short for the wheel's ticks, on Asio's clock.
  readiness(const asio::any_io_executor& on, steady_timer::time_point limit);
  ~readiness() = default;

  /// Waits until the watch has seen one of these events since it was last cleared of them; whoever
  /// meets EAGAIN clears it. `errc::timed_out` when the limit was reached. `operation_aborted` when
  /// the coroutine was cancelled: return then, since the next wait throws it. Nobody is notified of
  /// the watch afterwards.
  task<error_code> wait(watch& of, seen any);
  /// The same for whoever is told whom to wake by other means (a stream's `notify`): waits for the
  /// next `wake`; one that came since the last wait counts.
  task<error_code> woken();
  /// Lets everybody else of the worker have a turn: for a step that could go on for long, since
  /// somebody sends much that brings it no further.
  task<error_code> others_first();

 private:
  void wake() override;
  void expired() override;

  steady_timer changed_;  // a condition variable: is cancelled to be told; runs out at the limit,
                          // or never if that is on the wheel
  bool woken_ = false;
  bool expired_ = false;
};

}  // namespace relay::net
