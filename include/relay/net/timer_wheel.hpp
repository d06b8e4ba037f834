#pragma once

#include <relay/net/fault.hpp>

#include <boost/intrusive/list.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace relay::net {

using wheel_hook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct wheel_tag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Something with a limit on a worker's wheel. Disarmed when destroyed.
class timer : public wheel_hook {
 public:
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  /// The limit is over; the timer is not on the wheel any more. May destroy the timer.
  virtual void expired() = 0;

  bool is_armed() const noexcept { return wheel_hook::is_linked(); }
  void disarm() noexcept {
    if (is_armed()) unlink();
  }

 protected:
  timer() = default;
  ~timer() = default;

 private:
  friend class timer_wheel;
  std::uint32_t deadline_ = 0;
};

/// The coarse limits of a worker: arming and disarming cost a few instructions and no system call.
/// A limit is kept to the tick: never early, at most two ticks late. The wheel has no clock of its
/// own: while it is not empty, its owner calls `advance` once per tick, and whatever time passes
/// while nobody does so (a stopped process) has not passed.
class timer_wheel {
 public:
  static constexpr std::chrono::milliseconds tick{100};

  /// `start` is called when the first timer is armed after a pause: it returns the current tick and
  /// sees to it that `advance` is called from then on, until that says that the wheel is empty.
  /// `elapsed` is the time of whoever counts the ticks, or a little more, but never less: ticks may
  /// come late. Without it the current tick counts as over.
  explicit timer_wheel(std::function<std::uint32_t()> start,
                       std::function<std::chrono::milliseconds()> elapsed = {})
      : start_(std::move(start)), elapsed_(std::move(elapsed)) {}

  /// Told of what an `expired` has thrown, which is kept from the other timers.
  void on_fault(fault_handler told) { fault_ = std::move(told); }

  /// A moment, to be asked later how long ago it was: cut to 32 bits.
  using moment = std::uint32_t;
  /// (Re)arms; `after` is rounded up. Returns the moment from which it counts.
  moment arm(timer& what, std::chrono::milliseconds after);
  /// Moves on to a tick and calls `expired` of everything that is due. Returns whether timers are
  /// left; when not, the wheel pauses until the next `arm`.
  bool advance(std::uint32_t to_tick);
  /// Now; only meaningful while a timer is armed, as is the next.
  moment note() const;
  /// How long that was ago, at least.
  std::chrono::milliseconds since(moment then) const noexcept;

 private:
  using slot = boost::intrusive::list<timer, boost::intrusive::base_hook<wheel_hook>,
                                      boost::intrusive::constant_time_size<false>>;

  void expire(slot& due_or_later);
  std::chrono::milliseconds elapsed() const;

  std::function<std::uint32_t()> start_;
  std::function<std::chrono::milliseconds()> elapsed_;
  fault_handler fault_;
  std::array<slot, 256> slots_;
  std::uint32_t now_ = 0;
  bool running_ = false;
};

}  // namespace relay::net
