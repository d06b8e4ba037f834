#include <relay/forward/hook_thread.hpp>

#include <spdlog/logger.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace relay::forward {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

// A queue is looked through when it has doubled, so that each question costs the same.
constexpr std::size_t least_purge = 64;

void answer(const hook& by, hook_question& what) {
  if (!what.needs) what.needs = by.first_packet_length();
  if (*what.needs == what.packet.size()) {
    what.index = by.decide(what.max_index, what.packet.data());  // never null
  }
}

}  // namespace

struct hook_thread::state {
  struct entry {
    std::shared_ptr<hook_question> what;
    std::function<void()> answered;
  };

  state(const hook& by, spdlog::logger& to) : functions(by), log(to) {}

  void run();
  void purge();
  void call(std::unique_lock<std::mutex>& lock, const entry& next);

  const hook functions;
  spdlog::logger& log;  // not to be used any more when `stopping`
  std::mutex mutex;     // of all that follows
  std::condition_variable changed;
  std::deque<entry> queue;
  std::size_t worth_a_purge = least_purge;
  std::optional<clock::time_point> call_began;
  bool told_stuck = false;
  bool stopping = false;
};

void hook_thread::state::run() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    changed.wait(lock, [this] { return stopping || !queue.empty(); });
    if (stopping) return;
    const auto next = std::move(queue.front());
    queue.pop_front();
    if (!next.what->dropped) call(lock, next);
  }
}

/// While a hook hangs, clients may come and go without end; what they asked must not pile up.
void hook_thread::state::purge() {
  std::erase_if(queue, [](const entry& each) { return each.what->dropped.load(); });
  worth_a_purge = std::max(least_purge, queue.size() * 2);
}

void hook_thread::state::call(std::unique_lock<std::mutex>& lock, const entry& next) {
  const auto began = clock::now();
  call_began = began;
  lock.unlock();
  answer(functions, *next.what);
  lock.lock();
  call_began.reset();
  changed.notify_all();  // stop() may wait for it
  if (stopping) return;
  if (std::exchange(told_stuck, false)) {
    log.warn("the hook has answered after {} s",
             duration_cast<seconds>(clock::now() - began).count());
  }
  next.answered();  // under the lock, so that nobody is answered once stop() has it
}

hook_thread::hook_thread(const hook& functions, spdlog::logger& log)
    : state_(std::make_shared<state>(functions, log)), thread_([mine = state_] { mine->run(); }) {}

hook_thread::~hook_thread() { stop(); }

void hook_thread::ask(std::shared_ptr<hook_question> what, std::function<void()> answered) {
  const std::lock_guard lock(state_->mutex);
  if (state_->stopping) return;
  if (state_->queue.size() >= state_->worth_a_purge) state_->purge();
  state_->queue.push_back({std::move(what), std::move(answered)});
  state_->changed.notify_all();
}

void hook_thread::tell_if_stuck(clock::time_point now) {
  const std::lock_guard lock(state_->mutex);
  const auto& began = state_->call_began;
  if (!began || now - *began < patience || std::exchange(state_->told_stuck, true)) return;
  state_->purge();  // only who waits is counted
  state_->log.error(
      "the hook has not answered for {} s: every new client waits for it ({} in its queue)",
      duration_cast<seconds>(now - *began).count(), state_->queue.size());
}

bool hook_thread::stop() {
  if (!thread_.joinable()) return !left_behind_;
  std::deque<state::entry> unasked;
  {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    unasked.swap(state_->queue);
    state_->changed.notify_all();
    left_behind_ =
        !state_->changed.wait_for(lock, farewell, [this] { return !state_->call_began; });
  }
  if (left_behind_) {
    thread_.detach();
  } else {
    thread_.join();
  }
  return !left_behind_;
}

}  // namespace relay::forward
