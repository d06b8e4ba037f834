#include "log_writer.hpp"

#include <relay/base/log_ring.hpp>

#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <utility>

namespace relay {
namespace {

/// Signals are the main thread's business, and a terminal or a file at its size limit must not stop
/// or end the process for a line. Those that report a mistake of this very thread stay.
std::thread without_signals(std::function<void()> work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
    sigdelset(&all, own);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread made(std::move(work));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return made;
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
}

std::string how_many_lost(std::uint64_t lines, const error_code& why) {
  return std::to_string(lines) + (lines == 1 ? " line lost: " : " lines lost: ") +
         (why ? describe(why) : "they came faster than they were taken");
}

}  // namespace

/// What both threads use. It outlives the writer when its thread is left behind.
struct log_writer::state {
  state(log_output to, std::size_t bytes, line_maker maker)
      : ring(bytes), output(std::move(to)), own_line(std::move(maker)) {}

  void run();
  void serve(std::unique_lock<std::mutex>& lock);
  void write(std::string_view line);
  error_code attempt(std::string_view line);
  void change_output(std::unique_lock<std::mutex>& lock);
  void open_again();

  std::mutex mutex;  // of what follows; never held during a call that may wait
  std::condition_variable news;
  std::condition_variable progress;
  log_ring ring;
  std::uint64_t given = 0;  ///< lines and wishes for another output …
  std::uint64_t done = 0;   ///< … and how many of them have been dealt with
  bool reopen = false;
  std::optional<log_output> next;  ///< where to go on, with `reopen`
  bool ending = false;             ///< it ends when nothing is left to write
  bool abandoned = false;          ///< it ends now
  bool over = false;

  // The thread's own.
  log_output output;
  line_maker own_line;
  std::uint64_t lost = 0;  ///< not yet told
  error_code why_lost;     ///< none: there was no room
};

void log_writer::state::run() {
  pthread_setname_np(pthread_self(), "log");
  std::unique_lock lock(mutex);
  while (!abandoned) {
    news.wait(lock, [this] { return ring.has_news() || reopen || ending || abandoned; });
    if (abandoned || (ending && !ring.has_news() && !reopen)) break;
    serve(lock);
    progress.notify_all();
  }
  over = true;
  progress.notify_all();
}

void log_writer::state::serve(std::unique_lock<std::mutex>& lock) {
  if (std::exchange(reopen, false)) {
    change_output(lock);
    return;
  }
  if (const auto missing = ring.take_lost()) {
    lost += missing;
    why_lost = {};
  }
  const auto line = ring.front();
  lock.unlock();
  write(line);
  lock.lock();
  if (line.empty()) return;  // only a loss was told, and a line that has come meanwhile is not
  ++done;
  ring.pop();
}

void log_writer::state::write(std::string_view line) {
  if (lost != 0) {
    why_lost = attempt(own_line(false, how_many_lost(lost, why_lost)));
    if (!why_lost) lost = 0;
  }
  if (line.empty()) return;
  if (lost == 0) why_lost = attempt(line);
  if (why_lost) ++lost;
}

/// Once more for each time that it is interrupted, which may be meant for the file.
error_code log_writer::state::attempt(std::string_view line) {
  for (;;) {
    const auto ec = output.write(line);
    if (ec != boost::system::errc::operation_canceled) return ec;
    std::unique_lock lock(mutex);
    if (abandoned) return ec;
    if (!std::exchange(reopen, false)) continue;
    change_output(lock);
  }
}

// The output changes under the lock, since others ring its bell.
void log_writer::state::change_output(std::unique_lock<std::mutex>& lock) {
  if (next) {
    output = *std::exchange(next, std::nullopt);
  } else {
    lock.unlock();
    open_again();
    lock.lock();
  }
  ++done;
}

void log_writer::state::open_again() {
  if (!output.is_file()) return;
  const auto ec = output.reopen();
  if (ec) (void)output.write(own_line(true, "cannot open " + output.path() + ": " + describe(ec)));
}

log_writer::log_writer(log_output to, std::size_t bytes, line_maker own_line)
    : state_(std::make_shared<state>(std::move(to), bytes, std::move(own_line))),
      thread_(without_signals([mine = state_] { mine->run(); })) {}

log_writer::~log_writer() {
  std::unique_lock lock(state_->mutex);
  state_->ending = true;
  state_->news.notify_one();
  const auto is_over = [this] { return state_->over; };
  if (!state_->progress.wait_for(lock, farewell, is_over)) {
    state_->abandoned = true;
    state_->output.interrupt();
    // What only waited for a reader ends at once.
    state_->progress.wait_for(lock, farewell / 10, is_over);
  }
  const bool is_left_behind = !state_->over;
  lock.unlock();
  is_left_behind ? thread_.detach() : thread_.join();
}

void log_writer::put(std::string_view line) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->ring.put(line)) ++state_->given;
  }
  state_->news.notify_one();
}

bool log_writer::flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(state_->mutex);
  return state_->progress.wait_for(
      lock, limit, [this, wanted = state_->given] { return state_->done >= wanted; });
}

void log_writer::redirect(log_output to) {
  const std::lock_guard lock(state_->mutex);
  state_->next.emplace(std::move(to));
  if (std::exchange(state_->reopen, true)) return;  // one change for both wishes
  ++state_->given;
  state_->news.notify_one();
  state_->output.interrupt();
}

void log_writer::reopen() {
  const std::lock_guard lock(state_->mutex);
  if (std::exchange(state_->reopen, true)) return;
  ++state_->given;
  state_->news.notify_one();
  state_->output.interrupt();
}

}  // namespace relay
