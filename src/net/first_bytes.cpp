#include <relay/net/first_bytes.hpp>
#include <relay/net/readiness.hpp>
#include <relay/net/socket.hpp>

#include <boost/asio/this_coro.hpp>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

namespace relay::net {
namespace {

// Asked first, so that a client that sends byte by byte does not have all of them copied each time.
// Who cannot tell (Multipath TCP before Linux 5.17) is copied from.
bool may_hold(int fd, std::size_t count) noexcept {
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) != 0 || bytes < 0 ||
         static_cast<std::size_t>(bytes) >= count;
}

// As many as are there.
result<std::string> peek(int fd, std::size_t count) {
  std::string bytes(count, '\0');
  for (;;) {
    const auto got = ::recv(fd, bytes.data(), count, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno != EAGAIN) return last_system_error();
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }
}

error_code why_no_more(watch& of) {
  const auto ec = has(of.events(), seen::broken) ? pending_error(of.fd()) : error_code();
  return ec ? ec : make_error_code(errc::truncated);
}

}  // namespace

// Readiness is told on its edge: at each arrival, however much is left in the socket. SO_RCVLOWAT
// would spare wake-ups, but it changes how the socket's buffer grows for the rest of its life.
task<result<std::string>> first_bytes(watch& of, timer_wheel& wheel, std::size_t count,
                                      std::chrono::milliseconds limit) {
  readiness ready(co_await asio::this_coro::executor, wheel, limit);
  for (;;) {
    const bool is_over = has(of.events(), seen::hangup);  // before the look, so that it is the last
    if (may_hold(of.fd(), count)) {
      auto there = peek(of.fd(), count);
      if (!there) co_return there.error();
      if (there->size() == count) {
        of.mark(seen::readable);
        co_return std::move(there);
      }
    }
    if (is_over) co_return why_no_more(of);
    of.clear(seen::readable);
    if (const auto ec = co_await ready.wait(of, seen::readable | seen::hangup)) co_return ec;
  }
}

}  // namespace relay::net
