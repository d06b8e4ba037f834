#include <relay/net/fault.hpp>
#include <relay/net/task_group.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>
#include <spdlog/logger.h>

#include <cassert>
#include <memory>
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

// What is called when the coroutine has ended. Asio destroys a coroutine, and this with it, when a
// wait cannot begin for want of memory: it throws behind the back of the coroutine, which then
// neither ends nor goes on.
class task_group::ending {
 public:
  /// What `spawn` still knows of it.
  struct state {
    std::function<void()> failed;
    bool is_over = false;
    bool is_starting = true;  ///< an exception reaches the caller of `spawn`
  };

  ending(task_group& of, std::list<asio::cancellation_signal>::iterator self,
         std::shared_ptr<state> known)
      : of_(&of), self_(self), known_(std::move(known)) {}
  ending(ending&& other) noexcept
      : of_(std::exchange(other.of_, nullptr)),
        self_(other.self_),
        known_(std::move(other.known_)) {}
  ending& operator=(ending&&) = delete;
  ~ending() {
    if (of_ == nullptr) return;
    const bool is_told = known_->is_starting;
    contain({}, [&] {
      if (!is_told) of_->log_.error("a task was given up: no memory");
    });
    end(!is_told);
  }

  void operator()(const std::exception_ptr& failure) { end(report(of_->log_, failure)); }

 private:
  void end(bool is_failure) {
    auto& of = *std::exchange(of_, nullptr);
    const auto known = std::move(known_);
    of.live_.erase(self_);
    known->is_over = true;
    if (is_failure && known->failed) known->failed();
    if (of.live_.empty() && of.emptied_) std::exchange(of.emptied_, nullptr)();
  }

  task_group* of_;
  std::list<asio::cancellation_signal>::iterator self_;
  std::shared_ptr<state> known_;
};

// It runs up to its first wait here and now.
void task_group::spawn(task<> work, std::function<void()> failed) {
  const auto known = std::make_shared<ending::state>();
  known->failed = std::move(failed);
  auto self = live_.emplace(live_.end());
  ending finished(*this, self, known);
  auto& stop = *self;
  try {
    asio::co_spawn(on_, std::move(work),
                   asio::bind_cancellation_slot(stop.slot(), std::move(finished)));
  } catch (...) {  // what is left of it goes with a later turn, without a word
    known->failed = nullptr;
    throw;
  }
  known->is_starting = false;
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
