#pragma once

#include <relay/net/asio.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <spdlog/fwd.h>

#include <list>

namespace relay::net {

/// The spawned coroutines of one worker: cancel them, then join them. It must be empty when it is
/// destroyed, since the coroutines refer to what its owner owns.
class task_group {
 public:
  task_group(asio::any_io_executor on, spdlog::logger& log);
  ~task_group();
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

  /// Runs it to its end. An exception other than that of a cancellation is logged: it is a mistake
  /// of ours, and must not end the process.
  void spawn(task<> work);
  /// Every task's next wait ends with `operation_aborted`.
  void cancel();
  /// Waits until no task is left.
  task<> join();

 private:
  std::list<asio::cancellation_signal> live_;
  steady_timer all_done_;  // a condition variable: never expires, is cancelled to wake the joiner
  spdlog::logger& log_;
};

}  // namespace relay::net
