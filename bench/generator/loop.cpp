#include "loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace relay::bench {
namespace {

constexpr int batch = 256;
std::array<epoll_event, batch> events;

void control(int set, int what, int fd, handler& who, std::uint32_t wanted) {
  epoll_event event{};
  event.events = wanted;
  event.data.ptr = &who;
  if (::epoll_ctl(set, what, fd, &event) != 0) {
    throw std::system_error(errno, std::system_category(), "epoll_ctl");
  }
}

}  // namespace

loop::loop() : set_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!set_) throw std::system_error(errno, std::system_category(), "epoll_create1");
}

void loop::add(int fd, handler& who, std::uint32_t wanted) {
  control(set_.get(), EPOLL_CTL_ADD, fd, who, wanted);
}

void loop::change(int fd, handler& who, std::uint32_t wanted) {
  control(set_.get(), EPOLL_CTL_MOD, fd, who, wanted);
}

void loop::turn(std::chrono::milliseconds limit) {
  dispatch(::epoll_wait(set_.get(), events.data(), batch, static_cast<int>(limit.count())));
}

void loop::turn_until(steady::time_point when) {
  const auto left = std::max(when - steady::now(), steady::duration::zero());
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec limit{whole.count(), (left - whole).count()};
  dispatch(::epoll_pwait2(set_.get(), events.data(), batch, &limit, nullptr));
}

void loop::dispatch(int count) {
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    static_cast<handler*>(event.data.ptr)->ready(event.events);
  }
  retired_.clear();
}

}  // namespace relay::bench
