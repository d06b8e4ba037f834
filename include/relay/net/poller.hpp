#pragma once

#include <relay/base/error.hpp>
#include <relay/base/unique_fd.hpp>
#include <relay/net/fault.hpp>
#include <relay/net/slow_set.hpp>

#include <boost/intrusive/list.hpp>

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

/// The worker's readiness loop: one edge-triggered epoll set. Everything here belongs to one worker
/// and is touched by its thread only.
namespace relay::net {

class poller;

using run_list_hook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<struct run_list_tag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Somebody who is woken when there is something to do: a listener, a connecting socket, a session.
class waiter : public run_list_hook {
 public:
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;
  /// Called from the poller's run list on its worker, never recursively. May destroy the waiter.
  virtual void wake() = 0;

 protected:
  waiter() = default;
  ~waiter() = default;  // leaves the run list
  void unschedule() noexcept {
    if (run_list_hook::is_linked()) run_list_hook::unlink();
  }
};

/// What epoll has told of a descriptor; flags.
enum class seen : std::uint8_t {
  none = 0,
  readable = 1,
  writable = 2,
  hangup = 4,   ///< the peer has sent FIN (or worse): the next short read is not the last one
  broken = 8,   ///< the socket has an error: the peer has reset the connection
  reset = 16,   ///< that error was taken from the socket: a read that finds nothing is no end
  urgent = 32,  ///< urgent data has come: reads stop at its mark although more is there
};
constexpr seen operator|(seen a, seen b) noexcept {
  return static_cast<seen>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool has(seen set, seen any) noexcept {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(any)) != 0;
}

/// A place for a descriptor that is on the poller for life. It stays where it is in memory; who is
/// woken changes: first the dialer, then a handshake, then the session. Closes the descriptor.
class watch {
 public:
  explicit watch(poller& on) noexcept : poller_(on) {}
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;
  ~watch() = default;

  /// Puts a descriptor here, in place of the one that was, and on the poller. `known`: what is true
  /// of it already (a socket that is connected is writable). On failure the descriptor is closed.
  error_code attach(unique_fd fd, seen known = seen::none);
  /// The same for a datagram socket: told to be readable on every turn until it is empty, so that
  /// its user may take one datagram and need not look for a second; never told to be writable.
  error_code attach_datagrams(unique_fd fd);
  /// Closes the descriptor, if any; events of it that were collected are forgotten.
  void close() noexcept;
  /// Takes the descriptor off the poller and gives it away.
  unique_fd release() noexcept;

  int fd() const noexcept { return fd_.get(); }
  poller& on() const noexcept { return poller_; }
  /// Accumulated events; cleared by whoever has met the end of them (EAGAIN, a short read).
  seen events() const noexcept { return seen_; }
  void clear(seen flags) noexcept {
    seen_ = static_cast<seen>(static_cast<unsigned>(seen_) & ~static_cast<unsigned>(flags));
  }
  /// What its user has found out by itself.
  void mark(seen flags) noexcept { seen_ = seen_ | flags; }
  /// Whom to wake from now on; null: nobody, events accumulate.
  void notify(waiter* whom) noexcept { waiter_ = whom; }
  /// Whether what comes is reported once per period only (`poller::arm`).
  bool is_armed() const noexcept { return armed_; }

 private:
  friend class poller;
  error_code add(unique_fd fd, std::uint32_t events, seen known);

  poller& poller_;
  waiter* waiter_ = nullptr;
  unique_fd fd_;
  seen seen_ = seen::none;
  bool armed_ = false;
  bool datagrams_ = false;
};

class poller {
 public:
  /// `announce` is called when a waiter is scheduled outside of `turn` while none was: nothing is
  /// readable then, so the owner must see to it that `turn` is called. Throws
  /// boost::system::system_error when the kernel gives no epoll descriptor.
  explicit poller(std::function<void()> announce);
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;
  ~poller();

  /// Told of what a waiter's `wake` has thrown, which is kept from the others.
  void on_fault(fault_handler told) { fault_ = std::move(told); }

  /// Readable when events wait to be collected.
  int fd() const noexcept { return epoll_.get(); }

  /// Puts a waiter on the run list; one that is on it already stays where it is.
  void schedule(waiter& who) noexcept;
  /// The same for who ends what the waiters of datagram sockets have begun in this turn: it is
  /// woken behind them, before everybody else.
  void schedule_behind_datagrams(waiter& who) noexcept;
  /// Somebody is scheduled.
  bool has_work() const noexcept {
    return !ready_.empty() || !datagrams_.empty() || !behind_datagrams_.empty();
  }

  /// Collects events, waiting up to `limit` for the first when nothing is scheduled, then wakes
  /// everybody who is due once: waiters of datagram sockets first, since their turns are short and
  /// who sends datagrams cannot wait. Returns whether it did anything.
  bool turn(std::chrono::microseconds limit);
  /// Wake-up moderation: from now on what comes is reported once per `poll_schedule::period`, not
  /// at once, but for the first after a pause. Data that was left unread is reported again in each
  /// period. FIN, reset and room to write are reported at once, as ever. False: it cannot be had.
  bool arm(watch& what);
  /// Back to the edge-triggered set, which reports at once what is there.
  void disarm(watch& what) noexcept;
  /// It waits for the end of a period: `turn` must be called again, or `rest`.
  bool is_polling() const noexcept { return slow_ && slow_->schedule().is_polling(); }
  /// Ends polling for somebody who does not call `turn` again; what is readable is announced.
  void rest() noexcept {
    if (is_polling()) slow_->rest();
  }
  /// Counts the looks at the armed.
  std::uint64_t polls() const noexcept { return polls_; }

  /// How many events the last turn has collected; from any thread.
  std::uint32_t collected() const noexcept { return collected_.load(std::memory_order_relaxed); }

  /// Counts the turns, so that a waiter can tell whether it was woken in the one before.
  std::uint32_t turns() const noexcept { return turns_; }

 private:
  friend class watch;
  using run_list = boost::intrusive::list<waiter, boost::intrusive::base_hook<run_list_hook>,
                                          boost::intrusive::constant_time_size<false>>;

  int wait(std::chrono::microseconds limit) noexcept;
  void report(watch& who, seen what) noexcept;
  void schedule(waiter& who, run_list& on) noexcept;
  void wake_all(run_list& scheduled);
  void poll_armed(poll_schedule::time_point now) noexcept;

  std::function<void()> announce_;
  fault_handler fault_;
  unique_fd epoll_;
  std::unique_ptr<slow_set> slow_;  // made when it is first wanted
  bool never_arm_ = false;
  std::uint64_t polls_ = 0;
  run_list ready_;
  run_list datagrams_;
  run_list behind_datagrams_;
  bool in_turn_ = false;
  std::uint32_t turns_ = 0;
  std::atomic<std::uint32_t> collected_{0};
  std::array<epoll_event, 256> events_;
};

}  // namespace relay::net
