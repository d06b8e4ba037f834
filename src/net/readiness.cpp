#include <relay/net/readiness.hpp>

#include <boost/asio/post.hpp>

namespace relay::net {
namespace {

/// Notifies of a watch for as long as it lives, however the wait ends: a cancellation throws.
class notified {
 public:
  notified(watch& of, waiter& whom) : of_(of) { of_.notify(&whom); }
  notified(const notified&) = delete;
  notified& operator=(const notified&) = delete;
  ~notified() { of_.notify(nullptr); }

 private:
  watch& of_;
};

}  // namespace

readiness::readiness(const asio::any_io_executor& on, timer_wheel& wheel,
                     std::chrono::milliseconds limit)
    : changed_(on, steady_timer::time_point::max()) {
  if (limit.count() > 0) wheel.arm(*this, limit);
}

readiness::readiness(const asio::any_io_executor& on, steady_timer::time_point limit)
    : changed_(on, limit) {}

task<error_code> readiness::wait(watch& of, seen any) {
  if (expired_) co_return errc::timed_out;  // also who never runs dry has this limit
  const notified while_waiting(of, *this);
  error_code ec;
  while (!ec && !has(of.events(), any)) ec = co_await woken();
  co_return ec;
}

task<error_code> readiness::woken() {
  if (!woken_ && !expired_) {
    const auto [told] = co_await changed_.async_wait();
    if (!told) expired_ = true;
  }
  if (woken_) {  // what came in time counts, even if the limit has been reached meanwhile
    woken_ = false;
    co_return error_code();
  }
  if (expired_) co_return errc::timed_out;
  co_return asio::error::operation_aborted;  // our caller was cancelled
}

task<error_code> readiness::others_first() {
  co_await asio::post(changed_.get_executor(), asio::use_awaitable);
  co_return expired_ ? make_error_code(errc::timed_out) : error_code();
}

void readiness::wake() {
  woken_ = true;
  changed_.cancel();
}

void readiness::expired() {
  expired_ = true;
  changed_.cancel();
}

}  // namespace relay::net
