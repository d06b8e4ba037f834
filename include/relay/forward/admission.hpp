#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

namespace relay::forward {

/// Who may come in: a connection is admitted only when the descriptors for both of its sides are to
/// be had, so that nobody who was accepted fails for want of one. Who is not admitted waits in the
/// kernel's queue. One per process; lock-free, usable from every worker.
class admission {
 public:
  /// `descriptors`: how many may be used for connections and pipes together.
  explicit admission(std::size_t descriptors) : limit_(descriptors) {}

  /// Set before the first use; called on whatever worker caused it. `full`: somebody was refused,
  /// so whoever keeps descriptors in store should give them up. `room`: somebody was refused and
  /// there may be room now. `idle`: the last connection has ended.
  void on_full(std::function<void()> full) { full_ = std::move(full); }
  void on_room(std::function<void()> room) { room_ = std::move(room); }
  void on_idle(std::function<void()> idle) { idle_ = std::move(idle); }

  /// A place for one connection. False: `room` will be called.
  bool enter();
  void leave();

  /// Two descriptors for a pipe, only while connections have plenty left.
  bool spare_pipe();
  void return_pipe();

  std::size_t connections() const noexcept { return connections_.load(); }

 private:
  bool take(std::size_t descriptors, std::size_t limit);
  void give(std::size_t descriptors);

  std::size_t limit_;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> connections_{0};
  std::atomic<bool> refused_{false};
  std::function<void()> full_;
  std::function<void()> room_;
  std::function<void()> idle_;
};

}  // namespace relay::forward
