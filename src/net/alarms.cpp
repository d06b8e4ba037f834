#include <relay/net/alarms.hpp>

#include <boost/system/system_error.hpp>

#include <sys/timerfd.h>

#include <utility>

namespace relay::net {
namespace {

using std::chrono::nanoseconds;

// CLOCK_MONOTONIC is the steady clock's.
void set_kernel_timer(int fd, alarms::clock::time_point at) noexcept {
  const auto since = std::chrono::duration_cast<nanoseconds>(at.time_since_epoch()).count();
  itimerspec when{};
  when.it_value.tv_sec = since / 1'000'000'000;
  when.it_value.tv_nsec = since % 1'000'000'000;
  ::timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace

alarms::alarms(poller& on, std::function<clock::time_point()> now)
    : now_(std::move(now)), timer_(on) {
  error_code ec;
  unique_fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer) {
    ec = last_system_error();
  } else {
    ec = timer_.attach(std::move(timer));
  }
  if (ec) throw boost::system::system_error(ec, "timerfd_create");
  timer_.notify(this);
}

alarms::~alarms() {
  timer_.notify(nullptr);
  waiting_.clear();
}

void alarms::set(alarm& what, clock::time_point at) {
  what.unset();
  constexpr nanoseconds step = grain;
  const auto since = std::chrono::duration_cast<nanoseconds>(at.time_since_epoch());
  what.at_ = clock::time_point((since + step - nanoseconds(1)) / step * step);
  waiting_.insert(what);
  if (what.at_ < timer_at_) set_timer();
}

// The timer is never read: setting it anew takes back that it has run out. One that was set for an
// alarm that has been unset meanwhile runs out in vain.
void alarms::set_timer() {
  timer_at_ = waiting_.begin()->at_;
  set_kernel_timer(timer_.fd(), timer_at_);
}

void alarms::ring() {
  timer_.clear(seen::readable);
  timer_at_ = clock::time_point::min();  // what is set meanwhile need not set it
  const auto now = now_();
  while (!waiting_.empty() && waiting_.begin()->at_ <= now) {
    auto& next = *waiting_.begin();
    next.unset();
    next.due();
  }
  timer_at_ = clock::time_point::max();
  if (!waiting_.empty()) set_timer();
}

}  // namespace relay::net
