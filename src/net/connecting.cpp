#include <relay/net/connecting.hpp>

#include <utility>

namespace relay::net {

connecting::connecting(watch& into, timer_wheel& wheel, handler done)
    : into_(into), wheel_(wheel), done_(std::move(done)) {}

connecting::~connecting() { into_.notify(nullptr); }

void connecting::start(const ip_endpoint& to, const dial_options& options,
                       std::chrono::milliseconds limit) {
  auto fd = start_connect(to, options, &step_);
  failed_ = fd ? into_.attach(std::move(*fd)) : fd.error();
  if (failed_) return into_.on().schedule(*this);
  into_.notify(this);
  if (limit.count() > 0) wheel_.arm(*this, limit);
}

void connecting::wake() {
  if (failed_) return finish(failed_);
  // A socket becomes writable when it is connected, or when it has failed; epoll tells which.
  if (!has(into_.events(), seen::writable)) return;
  finish(has(into_.events(), seen::broken) ? pending_error(into_.fd()) : error_code());
}

void connecting::expired() { finish(errc::timed_out); }

void connecting::finish(error_code ec) {
  disarm();
  into_.notify(nullptr);
  if (ec) into_.close();
  const auto done = std::move(done_);  // it may destroy us
  done(ec);
}

}  // namespace relay::net
