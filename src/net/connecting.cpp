#include <relay/net/connecting.hpp>

#include <cerrno>
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
  if (!has(into_.events(), seen::broken)) return finish({});
  const auto ec = pending_error(into_.fd());
  // A connect that fails is refused, unreachable or timed out. This one has succeeded, and the peer
  // has reset since: what it may have sent before is still to be read.
  const bool was_connected = ec.value() == ECONNRESET || ec.value() == EPIPE;
  if (ec.value() == ECONNRESET) into_.mark(seen::reset);
  finish(was_connected ? error_code() : ec);
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
