#pragma once

#include "support/sockets.hpp"

#include <relay/forward/hook.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace relay::test {

/// A hook library that is part of the test. Functions of C know nothing of their object, so there
/// is one at a time.
class scripted_hook {
 public:
  /// Sees `length` bytes; returns what the hook does.
  using decision = std::function<std::int32_t(std::int32_t max_index, const std::string& packet)>;

  explicit scripted_hook(std::uint32_t length = 0, decision how = {})
      : length_(length), how_(std::move(how)) {
    current = this;
  }
  scripted_hook(const scripted_hook&) = delete;
  scripted_hook& operator=(const scripted_hook&) = delete;
  ~scripted_hook() {
    release();
    wait_until([this] { return under_way_ == 0; });  // a thread that was left behind
    current = nullptr;
  }

  forward::hook functions() const {
    return {[] { return current->asked_for_length(); },
            [](std::int32_t max_index, const char* packet) {
              return current->asked_to_decide(max_index, packet);
            }};
  }

  /// Decisions hang from here on.
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }

  int lengths() const { return lengths_; }      ///< calls of the one function
  int decisions() const { return decisions_; }  ///< calls of the other that have begun
  int most_at_once() const { return most_at_once_; }

 private:
  static inline scripted_hook* current = nullptr;

  std::uint32_t asked_for_length() {
    ++lengths_;
    return length_;
  }

  std::int32_t asked_to_decide(std::int32_t max_index, const char* packet) {
    const std::string seen(packet, length_);
    if (++under_way_ > most_at_once_) most_at_once_ = under_way_.load();
    ++decisions_;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !held_; });
    }
    const auto index = how_ ? how_(max_index, seen) : 0;
    --under_way_;
    return index;
  }

  const std::uint32_t length_;
  const decision how_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  std::atomic<int> lengths_{0};
  std::atomic<int> decisions_{0};
  std::atomic<int> under_way_{0};
  std::atomic<int> most_at_once_{0};
};

}  // namespace relay::test
