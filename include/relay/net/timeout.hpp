#pragma once

#include <relay/net/asio.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>

namespace relay::net {

/// Runs a rare step until a timer runs out (`errc::timed_out`) or somebody cancels that
/// (`operation_aborted`). The step must not throw: an exception in it would show up as a timeout.
template <class T>
task<result<T>> with_timer(task<result<T>> step, steady_timer& timer) {
  using namespace asio::experimental::awaitable_operators;
  auto first = co_await (std::move(step) || timer.async_wait());
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  auto [ec] = std::get<1>(first);  // set: it or our caller was cancelled, the clock did not run out
  if (ec) co_return ec;
  co_return make_error_code(errc::timed_out);
}

/// The same with a limit (0: none).
template <class T>
task<result<T>> with_timeout(task<result<T>> step, std::chrono::milliseconds limit) {
  if (limit.count() == 0) co_return co_await std::move(step);
  steady_timer timer(co_await asio::this_coro::executor, limit);
  co_return co_await with_timer(std::move(step), timer);
}

}  // namespace relay::net
