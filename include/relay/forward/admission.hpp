#pragma once

#include <relay/forward/gate.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>

namespace relay::forward {

/// Who may come in: a connection is admitted only when the descriptors for both of its sides are to
/// be had, so that nobody who was accepted fails for want of one, and when neither its endpoint nor
/// the process is at its `max_connections`. Who is not admitted waits in the kernel's queue. One
/// per process, usable from every worker; takes a lock only where there is a `max_connections`.
class admission {
 public:
  /// `descriptors`: how many may be used for connections and pipes together. `max_connections`: of
  /// the process; 0: no limit.
  explicit admission(std::size_t descriptors, std::uint64_t max_connections = 0)
      : limit_(descriptors), all_("the process", max_connections) {}

  /// Set before the first use; called on whatever worker caused it. `full`: somebody was refused,
  /// so whoever keeps descriptors in store should give them up. `room`: somebody was refused and
  /// there may be room now. `idle`: the last connection has ended. `limit`: a `max_connections`
  /// begins or ceases to keep clients waiting.
  void on_full(std::function<void()> full) { full_ = std::move(full); }
  void on_room(std::function<void()> room) { room_ = std::move(room); }
  void on_idle(std::function<void()> idle) { idle_ = std::move(idle); }
  void on_limit(std::function<void(const gate&, bool bites)> limit) { bites_ = std::move(limit); }

  /// A place for one connection of the endpoint whose gate it is. False: `room` will be called.
  bool enter(gate& own);
  void leave(gate& own);
  /// A reload brings another limit. Whoever waits is to be told by the caller.
  void change_limit(gate& own, std::uint64_t limit);
  void change_limit(std::uint64_t of_process) { change_limit(all_, of_process); }
  /// Whether clients of that endpoint have had to wait for a place lately.
  bool keeps_waiting(const gate& own);
  /// The same for callers without a gate.
  bool enter();
  void leave();

  /// One descriptor for an association of UDP. It is no connection: nobody waits for its end. A
  /// quarter of the descriptors is not for them, since a connection can wait and they cannot, and
  /// clients make as many as they like.
  bool enter_association();
  void leave_association();

  /// One descriptor for a connection that is made ahead of its client, only while connections have
  /// plenty left. `full` wants it back.
  bool spare_warm();
  void return_warm();

  /// Two descriptors for a pipe, only while connections have plenty left.
  bool spare_pipe();
  void return_pipe();

  std::size_t connections() const noexcept { return connections_.load(); }
  std::size_t associations() const noexcept { return associations_.load(); }

 private:
  static constexpr std::size_t per_connection = 2;  // client and remote
  static constexpr std::size_t per_pipe = 2;

  bool is_limited(const gate& own) const noexcept { return own.is_limited() || all_.is_limited(); }
  std::size_t most_associations() const noexcept;
  bool take(std::size_t descriptors, std::size_t limit);
  void give(std::size_t descriptors);
  void tell_of_room() noexcept;

  std::size_t limit_;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> associations_{0};
  std::atomic<bool> refused_{false};
  std::mutex mutex_;  // of every gate
  gate all_;
  std::function<void()> full_;
  std::function<void()> room_;
  std::function<void()> idle_;
  std::function<void(const gate&, bool)> bites_;
};

}  // namespace relay::forward
