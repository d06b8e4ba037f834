#include <relay/net/connecting.hpp>
#include <relay/net/dial.hpp>

#include <boost/asio/this_coro.hpp>

#include <optional>

namespace relay::net {

task<error_code> dial(watch& into, timer_wheel& wheel, ip_endpoint to, const dial_options& options,
                      std::chrono::milliseconds limit, const char*& step) {
  // The timer is a condition variable. The attempt never answers from `start`, so it cannot be
  // cancelled before it is waited for.
  steady_timer answered(co_await asio::this_coro::executor, steady_timer::time_point::max());
  std::optional<error_code> outcome;
  connecting attempt(into, wheel, [&](error_code ec) {
    outcome = ec;
    answered.cancel();
  });
  attempt.start(to, options, limit);
  co_await answered.async_wait();
  step = attempt.step();
  if (!outcome) {  // our caller was cancelled
    into.close();
    co_return make_error_code(asio::error::operation_aborted);
  }
  co_return *outcome;
}

}  // namespace relay::net
