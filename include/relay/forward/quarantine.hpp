#pragma once

#include <relay/base/unique_fd.hpp>

#include <chrono>
#include <cstddef>
#include <deque>

namespace relay::forward {

/// The sockets of associations that made room for others. Each keeps its port from the next client,
/// who would get the answers that are still on their way to the old one, until nothing has come for
/// `length` – or for `longest`, when the remote goes on sending: then the port is closed, which
/// tells the remote so. Time is an argument; whoever asks keeps the books of descriptors.
class quarantine {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds length{2};
  static constexpr std::chrono::seconds longest{60};
  static constexpr std::size_t most = 1024;

  void add(unique_fd fd, int family, clock::time_point now);
  /// Closes those whose time is over, and the oldest beyond `most`: how many.
  std::size_t close_over(clock::time_point now);
  /// Closes the oldest before its time; false when there is none.
  bool close_oldest();
  /// One of that family whose time is over, as good as new; empty when there is none yet. `closed`
  /// grows by those that were closed on the way.
  unique_fd take(int family, clock::time_point now, std::size_t& closed);

  std::size_t size() const noexcept { return kept_.size(); }
  bool is_empty() const noexcept { return kept_.empty(); }
  /// When the next one's time is over. There is one.
  clock::time_point next() const { return kept_.front().since + length; }

 private:
  struct kept {
    unique_fd fd;
    int family = 0;
    clock::time_point since;  // nothing has come, as far as anybody has looked
    clock::time_point began;
  };
  bool is_over(clock::time_point now) const { return !kept_.empty() && now >= next(); }
  /// The next one, whose time is over; empty when it has to stay longer.
  kept pop(clock::time_point now);

  std::deque<kept> kept_;  // in the order of `since`
};

}  // namespace relay::forward
