#include <relay/net/slow_set.hpp>

#include <sys/prctl.h>

#include <cerrno>
#include <utility>

namespace relay::net {

std::chrono::microseconds poll_schedule::until_due(time_point now) const noexcept {
  if (now >= next_) return std::chrono::microseconds(0);
  return std::chrono::ceil<std::chrono::microseconds>(next_ - now);
}

void poll_schedule::announced(time_point now) noexcept {
  polling_ = true;
  empty_ = 0;
  next_ = now;
}

bool poll_schedule::polled(time_point now, std::size_t found, bool all) noexcept {
  empty_ = found > 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(empty_ + 1);
  polling_ = empty_ < empty_polls;
  next_ = all ? now + period : now;
  return polling_;
}

std::unique_ptr<slow_set> slow_set::make(int poller) {
  if (!has_short_waits()) return nullptr;
  unique_fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return nullptr;
  std::unique_ptr<slow_set> made(new slow_set(poller, std::move(epoll)));
  if (made->announce(EPOLL_CTL_ADD)) return nullptr;
  // The kernel would lengthen each wait by up to 50 us to save wake-ups, a quarter of the period.
  // It holds for this thread, which is the poller's.
  ::prctl(PR_SET_TIMERSLACK, 1);
  return made;
}

error_code slow_set::add(int fd, void* data) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLPRI;  // nothing is read past urgent data by splicing
  event.data.ptr = data;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return last_system_error();
  return {};
}

void slow_set::remove(int fd) noexcept {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);  // a closed one has gone by itself
}

std::span<const epoll_event> slow_set::poll(poll_schedule::time_point now,
                                            std::span<epoll_event> room) noexcept {
  const int n = ::epoll_wait(epoll_.get(), room.data(), static_cast<int>(room.size()), 0);
  const auto found = static_cast<std::size_t>(n > 0 ? n : 0);
  if (!schedule_.polled(now, found, found < room.size())) rest();
  return room.first(found);
}

// One shot: while it is polled, data that comes to its members must not wake anybody. Arming the
// shot again looks whether somebody is readable, so nothing is missed in between.
void slow_set::rest() noexcept {
  schedule_.stop();
  announce(EPOLL_CTL_MOD);
}

error_code slow_set::announce(int operation) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.ptr = nullptr;
  if (::epoll_ctl(poller_, operation, epoll_.get(), &event) != 0) return last_system_error();
  return {};
}

bool has_short_waits() noexcept {
  // No descriptor: the call says so where it exists. Old kernels lack it, some containers refuse.
  epoll_event none{};
  return ::epoll_pwait2(-1, &none, 1, nullptr, nullptr) != 0 && errno == EBADF;
}

}  // namespace relay::net
