#include <relay/net/task_group.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>
#include <spdlog/logger.h>

#include <cassert>
#include <utility>

namespace relay::net {
namespace {

/// Whether it was a mistake.
bool report(spdlog::logger& log, const std::exception_ptr& failure) {
  if (!failure) return false;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) return false;  // how a cancelled task unwinds
    log.error("a task failed: {}", e.what());
  } catch (const std::exception& e) {
    log.error("a task failed: {}", e.what());
  }
  return true;
}

}  // namespace

task_group::task_group(asio::any_io_executor on, spdlog::logger& log)
    : on_(std::move(on)), log_(log) {}

task_group::~task_group() {
  assert(live_.empty() && "wait for the tasks before destroying what they refer to");
}

void task_group::spawn(task<> work, std::function<void()> failed) {
  auto self = live_.emplace(live_.end());
  auto finished = [this, self, failed = std::move(failed)](const std::exception_ptr& failure) {
    live_.erase(self);
    if (report(log_, failure) && failed) failed();
    if (live_.empty() && emptied_) std::exchange(emptied_, nullptr)();
  };
  asio::co_spawn(on_, std::move(work),
                 asio::bind_cancellation_slot(self->slot(), std::move(finished)));
}

void task_group::cancel() {
  for (auto it = live_.begin(); it != live_.end();) {
    (it++)->emit(asio::cancellation_type::terminal);
  }
}

void task_group::when_empty(std::function<void()> then) {
  if (live_.empty()) return then();
  emptied_ = std::move(then);
}

}  // namespace relay::net
