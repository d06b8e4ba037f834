#include <relay/net/poller.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <ctime>

namespace relay::net {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

constexpr std::uint32_t all_events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
// Without EPOLLIN and EPOLLPRI, which are the slow set's business: plain data wakes both up.
constexpr std::uint32_t events_while_armed = EPOLLOUT | EPOLLRDHUP | EPOLLET;

seen translate(std::uint32_t events) noexcept {
  auto what = seen::none;
  if ((events & EPOLLIN) != 0) what = what | seen::readable;
  if ((events & EPOLLOUT) != 0) what = what | seen::writable;
  if ((events & EPOLLPRI) != 0) what = what | seen::readable | seen::urgent;
  if ((events & EPOLLRDHUP) != 0) what = what | seen::readable | seen::hangup;
  // HUP alone is the quiet end of both directions; ERR is a pending socket error. Both are met by
  // the next read or write, so allow them.
  if ((events & EPOLLHUP) != 0) what = what | seen::readable | seen::writable | seen::hangup;
  if ((events & EPOLLERR) != 0) {
    what = what | seen::readable | seen::writable | seen::hangup | seen::broken;
  }
  return what;
}

}  // namespace

error_code watch::attach(unique_fd fd, seen known) { return add(std::move(fd), all_events, known); }

error_code watch::attach_datagrams(unique_fd fd) { return add(std::move(fd), EPOLLIN, seen::none); }

error_code watch::add(unique_fd fd, std::uint32_t events, seen known) {
  close();
  epoll_event event{};
  event.events = events;
  event.data.ptr = this;
  if (::epoll_ctl(poller_.fd(), EPOLL_CTL_ADD, fd.get(), &event) != 0) return last_system_error();
  fd_ = std::move(fd);
  seen_ = known;
  datagrams_ = (events & EPOLLET) == 0;
  return {};
}

void watch::close() noexcept {
  fd_.reset();  // closing takes it off the epoll sets: nobody else holds the open file
  seen_ = seen::none;
  armed_ = false;
}

unique_fd watch::release() noexcept {
  if (armed_) poller_.disarm(*this);
  if (fd_) ::epoll_ctl(poller_.fd(), EPOLL_CTL_DEL, fd_.get(), nullptr);
  seen_ = seen::none;
  return std::move(fd_);
}

poller::poller(std::function<void()> announce)
    : announce_(std::move(announce)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw boost::system::system_error(last_system_error(), "epoll_create1");
}

poller::~poller() { assert(!has_work() && "waiters end before their poller"); }

void poller::schedule(waiter& who) noexcept { schedule(who, ready_); }

void poller::schedule_behind_datagrams(waiter& who) noexcept { schedule(who, behind_datagrams_); }

void poller::schedule(waiter& who, run_list& on) noexcept {
  if (who.run_list_hook::is_linked()) return;
  const bool first = !has_work();
  on.push_back(who);
  if (first && !in_turn_) announce_();
}

int poller::wait(microseconds limit) noexcept {
  // epoll_pwait2 (Linux 5.11) because epoll_wait counts in milliseconds.
  const timespec ts{limit.count() / 1'000'000, limit.count() % 1'000'000 * 1000};
  const int n =
      limit.count() > 0
          ? ::epoll_pwait2(fd(), events_.data(), static_cast<int>(events_.size()), &ts, nullptr)
          : ::epoll_wait(fd(), events_.data(), static_cast<int>(events_.size()), 0);
  if (n >= 0 || errno == EINTR) return n;
  // An old kernel, or a container whose filter does not know the call: then without waiting.
  return ::epoll_wait(fd(), events_.data(), static_cast<int>(events_.size()), 0);
}

void poller::report(watch& who, seen what) noexcept {
  who.seen_ = who.seen_ | what;
  if (who.waiter_ != nullptr) schedule(*who.waiter_, who.datagrams_ ? datagrams_ : ready_);
}

bool poller::turn(microseconds limit) {
  in_turn_ = true;
  ++turns_;
  if (is_polling()) limit = std::min(limit, slow_->schedule().until_due(steady_clock::now()));
  // All events are turned into flags and scheduled waiters before anybody is woken: a waiter may
  // then destroy any watch or waiter without leaving a stale pointer in the batch.
  const int n = wait(has_work() ? microseconds(0) : limit);
  collected_.store(n > 0 ? static_cast<std::uint32_t>(n) : 0, std::memory_order_relaxed);
  const auto now = slow_ ? steady_clock::now() : steady_clock::time_point();
  for (int i = 0; i < n; ++i) {
    const auto& event = events_[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) {
      slow_->schedule().announced(now);
    } else {
      report(*static_cast<watch*>(event.data.ptr), translate(event.events));
    }
  }
  if (slow_ && slow_->schedule().is_due(now)) poll_armed(now);
  const bool worked = has_work();
  run_list due;  // who schedules itself again meanwhile waits for the next turn
  due.swap(ready_);
  wake_all(datagrams_);
  wake_all(behind_datagrams_);
  wake_all(due);
  in_turn_ = false;
  return worked;
}

void poller::wake_all(run_list& scheduled) {
  run_list due;
  due.swap(scheduled);
  while (!due.empty()) {
    auto& next = due.front();
    due.pop_front();
    contain(fault_, [&next] { next.wake(); });
  }
}

void poller::poll_armed(poll_schedule::time_point now) noexcept {
  ++polls_;
  for (const auto& event : slow_->poll(now, events_)) {
    report(*static_cast<watch*>(event.data.ptr), translate(event.events));
  }
}

bool poller::arm(watch& what) {
  if (what.armed_) return true;
  if (!slow_ && !never_arm_) {
    slow_ = slow_set::make(fd());
    never_arm_ = slow_ == nullptr;
  }
  if (!slow_ || slow_->add(what.fd(), &what)) return false;
  epoll_event event{};
  event.events = events_while_armed;
  event.data.ptr = &what;
  if (::epoll_ctl(fd(), EPOLL_CTL_MOD, what.fd(), &event) != 0) {
    slow_->remove(what.fd());
    return false;
  }
  what.armed_ = true;
  return true;
}

void poller::disarm(watch& what) noexcept {
  if (!what.armed_) return;
  what.armed_ = false;
  slow_->remove(what.fd());
  epoll_event event{};
  event.events = all_events;
  event.data.ptr = &what;
  ::epoll_ctl(fd(), EPOLL_CTL_MOD, what.fd(), &event);  // cannot fail: it is there
}

}  // namespace relay::net
