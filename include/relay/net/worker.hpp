#pragma once

#include <relay/net/fault.hpp>
#include <relay/net/handler_memory.hpp>
#include <relay/net/mailbox.hpp>
#include <relay/net/poller.hpp>
#include <relay/net/timer_wheel.hpp>
#include <relay/net/worker_clock.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

namespace relay::net {

namespace asio = boost::asio;

/// What others may see of a worker at any moment.
struct pulse {
  std::uint32_t turns = 0;   ///< of its poller; may wrap around
  bool is_serving = false;   ///< in such a turn, rather than in Asio's loop
  std::uint32_t events = 0;  ///< of the turn, or of the last one
};

/// One thread's world: an Asio io_context for what is rare and, nested in it, the poller and the
/// timer wheel for what is hot. Everything but `post`, `pulse`, `index` and `load` belongs to its
/// thread.
class worker {
 public:
  /// `fault` hears, on the worker, of what any part of it has thrown. It goes on.
  explicit worker(std::size_t index, fault_handler fault = {});
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker();

  std::size_t index() const noexcept { return index_; }
  asio::io_context& loop() noexcept { return loop_; }
  net::poller& poller() noexcept { return poller_; }
  timer_wheel& wheel() noexcept { return wheel_; }

  /// The time by which limits of its own are: it stands still while the worker cannot run. What
  /// several workers share (health, rates, TTLs) goes by the steady clock instead.
  worker_clock::time_point now() const { return clock_.now(std::chrono::steady_clock::now()); }
  /// The same for a few nanoseconds and maybe a few milliseconds ahead, never behind: for what is
  /// noted now and asked later how long ago it was.
  worker_clock::time_point note() const;
  /// A moment of its own time as one of the steady clock.
  std::chrono::steady_clock::time_point real(worker_clock::time_point own) const {
    return own + clock_.behind();
  }

  /// How many sessions it has; the others read it to hand descriptors to the least loaded.
  std::atomic<std::uint32_t> load{0};

  /// Runs the loop on the calling thread until `finish` is called and nothing is left to do.
  void run();
  /// Lets `run` return once its last task has ended. Call it on the worker.
  void finish();
  /// Runs a function on the worker; callable from any thread.
  void post(std::function<void()> what) { mailbox_.put(std::move(what)); }
  /// How it fares; callable from any thread. Costs its loop two stores a turn.
  net::pulse pulse() const noexcept;
  /// Says whether coroutines live here: then Asio must not be kept waiting for long.
  void on_asio_needed(std::function<bool()> needed) { asio_needed_ = std::move(needed); }

 private:
  void announced();
  void await_poller();
  void serve_poller();
  void run_scheduled();
  void start_ticks();
  bool turn(std::chrono::microseconds limit);
  void await_tick();
  void tick();
  std::uint32_t tick_now() const;
  std::chrono::microseconds patience() const;

  std::size_t index_;
  fault_handler fault_;
  // Of the handlers that the loop cannot be without; before the loop, which holds them.
  handler_memory for_wait_;
  handler_memory for_tick_;
  handler_memory for_turn_;
  handler_memory for_announcement_;
  asio::io_context loop_{1};
  net::poller poller_;
  mailbox mailbox_;
  std::function<bool()> asio_needed_;
  asio::posix::stream_descriptor readiness_;  // borrows the poller's descriptor
  asio::steady_timer tick_timer_;
  worker_clock clock_;
  std::chrono::steady_clock::time_point origin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_event_{};
  timer_wheel wheel_;
  std::atomic<std::uint32_t> turns_{0};
  std::atomic<bool> is_serving_{false};
  bool finishing_ = false;
};

}  // namespace relay::net
