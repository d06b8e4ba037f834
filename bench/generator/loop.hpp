#pragma once

#include <relay/base/unique_fd.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace relay::bench {

using steady = std::chrono::steady_clock;

/// Whoever wants to know what happens to a descriptor.
class handler {
 public:
  virtual ~handler() = default;
  virtual void ready(std::uint32_t events) = 0;
};

/// A level-triggered epoll set: a bulk sender then does one call per turn, so that many connections
/// get equal shares.
class loop {
 public:
  loop();
  void add(int fd, handler& who, std::uint32_t events);
  void change(int fd, handler& who, std::uint32_t events);
  /// Destroys `who` when this turn is over: later events of the turn may still name it.
  void retire(std::unique_ptr<handler> who) { retired_.push_back(std::move(who)); }
  void turn(std::chrono::milliseconds limit);
  /// The same with a limit below a millisecond, for paced senders.
  void turn_until(steady::time_point when);

 private:
  void dispatch(int count);

  unique_fd set_;
  std::vector<std::unique_ptr<handler>> retired_;
};

}  // namespace relay::bench
