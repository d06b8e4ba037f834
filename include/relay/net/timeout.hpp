#pragma once

#include <relay/net/asio.hpp>
#include <relay/net/timer_wheel.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <new>

namespace relay::net {

/// How long somebody waits, by the time of a worker (0: without a limit). Gives up on its wheel, so
/// that a stop of the process is no reason to.
class patience final : public timer {
 public:
  patience(const asio::any_io_executor& on, timer_wheel& wheel, std::chrono::milliseconds limit)
      : over_(on, steady_timer::time_point::max()) {
    if (limit.count() > 0) wheel.arm(*this, limit);
  }

  /// Ends the waiting with operation_aborted.
  void give_up() { over_.cancel(); }

 private:
  template <class T>
  friend task<result<T>> with_patience(task<result<T>> step, patience& limit);

  void expired() override {
    is_over_ = true;
    over_.cancel();
  }

  steady_timer over_;  // a condition variable
  bool is_over_ = false;
};

/// The step, with a lack of memory as a value: an exception would be lost while the limit beside it
/// still runs.
template <class T>
task<result<T>> short_of_memory_is_an_error(task<result<T>> step) {
  try {
    co_return co_await std::move(step);
  } catch (const std::bad_alloc&) {
    co_return make_error_code(boost::system::errc::not_enough_memory);
  }
}

/// Runs a rare step until patience runs out (`errc::timed_out`) or is given up
/// (`operation_aborted`). The step must not throw, but for want of memory: another exception would
/// show up as a timeout.
template <class T>
task<result<T>> with_patience(task<result<T>> step, patience& limit) {
  using namespace asio::experimental::awaitable_operators;
  auto first = co_await (short_of_memory_is_an_error(std::move(step)) || limit.over_.async_wait());
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  if (limit.is_over_) co_return make_error_code(errc::timed_out);
  co_return error_code(asio::error::operation_aborted);
}

}  // namespace relay::net
