#pragma once

#include <relay/net/asio.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <spdlog/fwd.h>

#include <functional>
#include <list>

namespace relay::net {

/// The spawned coroutines of one worker: cancel them, then wait until they are gone. It must be
/// empty when it is destroyed, since the coroutines refer to what its owner owns.
class task_group {
 public:
  task_group(asio::any_io_executor on, spdlog::logger& log);
  ~task_group();
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

  /// Runs it to its end. An exception other than that of a cancellation is a mistake of ours, or a
  /// lack of memory, and must not end the process: it is logged, and then `failed` is called, so
  /// that what the work was for does not wait for it for ever. Begins at once; throws
  /// std::bad_alloc when it cannot begin or get to its first wait, and does not call `failed` then.
  void spawn(task<> work, std::function<void()> failed = {});
  bool is_empty() const noexcept { return live_.empty(); }
  /// Every task's next wait ends with `operation_aborted`.
  void cancel();
  /// Calls `then` once, as soon as no task is left: at once, or when the last one has ended.
  void when_empty(std::function<void()> then);

 private:
  class ending;

  asio::any_io_executor on_;
  std::list<asio::cancellation_signal> live_;
  std::function<void()> emptied_;
  spdlog::logger& log_;
};

}  // namespace relay::net
