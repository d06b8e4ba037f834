#pragma once

#include <relay/net/poller.hpp>

#include <boost/intrusive/set.hpp>

#include <chrono>
#include <functional>

namespace relay::net {

using alarm_hook =
    boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Something that is due at a moment; see `alarms`. Not on any list once destroyed.
class alarm : public alarm_hook {
 public:
  alarm(const alarm&) = delete;
  alarm& operator=(const alarm&) = delete;
  /// Its moment has come; it is not set any more. May destroy the alarm.
  virtual void due() = 0;

  bool is_set() const noexcept { return alarm_hook::is_linked(); }
  void unset() noexcept {
    if (is_set()) unlink();
  }

 protected:
  alarm() = default;
  ~alarm() = default;

 private:
  friend class alarms;
  std::chrono::steady_clock::time_point at_{};
};

/// Moments of a worker that the timer wheel is too coarse for, kept to the millisecond: one timer
/// of the kernel on the poller, set for the earliest. Costs a descriptor, and nothing while no
/// alarm is set; many alarms of one millisecond cost one wake-up.
class alarms final : public waiter {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds grain{1};

  /// `now` is the clock. Throws boost::system::system_error when the kernel gives no timer.
  explicit alarms(poller& on, std::function<clock::time_point()> now = &clock::now);
  ~alarms();

  clock::time_point now() const { return now_(); }
  /// (Re)sets; `at` is rounded up.
  void set(alarm& what, clock::time_point at);
  /// Calls `due` of everything whose moment has come.
  void ring();

 private:
  struct earlier {
    bool operator()(const alarm& a, const alarm& b) const noexcept { return a.at_ < b.at_; }
  };

  void wake() override { ring(); }
  void set_timer();

  std::function<clock::time_point()> now_;
  watch timer_;
  clock::time_point timer_at_ = clock::time_point::max();  // when it runs out; max: it does not
  boost::intrusive::multiset<alarm, boost::intrusive::base_hook<alarm_hook>,
                             boost::intrusive::compare<earlier>,
                             boost::intrusive::constant_time_size<false>>
      waiting_;
};

}  // namespace relay::net
