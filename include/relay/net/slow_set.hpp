#pragma once

#include <relay/base/error.hpp>
#include <relay/base/unique_fd.hpp>

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

namespace relay::net {

/// When the slow set is looked at: at once when it has been announced, then once per period, until
/// it has been found empty twice in a row. Pure.
class poll_schedule {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// How long what has come may wait. Long enough to gather a few hundred KiB of a fast sender,
  /// short enough that nobody's window runs out at the distances where rates are that high.
  static constexpr std::chrono::microseconds period{200};

  bool is_polling() const noexcept { return polling_; }
  bool is_due(time_point now) const noexcept { return polling_ && now >= next_; }
  /// Rounded up, so that whoever has waited for it is not too early.
  std::chrono::microseconds until_due(time_point now) const noexcept;

  void announced(time_point now) noexcept;
  /// `found`: how many were ready; `all`: there are no more than these. False: it was the last poll
  /// for now, the next is announced.
  bool polled(time_point now, std::size_t found, bool all) noexcept;
  void stop() noexcept { polling_ = false; }

 private:
  static constexpr std::uint8_t empty_polls = 2;  // one may be an accident

  time_point next_{};
  bool polling_ = false;
  std::uint8_t empty_ = 0;  // in a row
};

/// The second epoll set of a poller, level-triggered, of descriptors that are looked at once per
/// period rather than reported at once. It is a member of the poller's set, which announces the
/// first data after a pause; while it is polled nothing announces it. So idle members cost nothing.
class slow_set {
 public:
  /// Null when the kernel gives none, or cannot wait for less than a millisecond (Linux 5.11), or
  /// refuses that to us. `poller` is the set that announces it, with a null pointer as data.
  static std::unique_ptr<slow_set> make(int poller);

  error_code add(int fd, void* data) noexcept;
  void remove(int fd) noexcept;

  poll_schedule& schedule() noexcept { return schedule_; }
  /// Those that are readable now; `now` is when.
  std::span<const epoll_event> poll(poll_schedule::time_point now,
                                    std::span<epoll_event> room) noexcept;
  /// No more polls until it is announced, which happens at once if somebody is readable.
  void rest() noexcept;

 private:
  slow_set(int poller, unique_fd epoll) noexcept : poller_(poller), epoll_(std::move(epoll)) {}
  error_code announce(int operation) noexcept;

  int poller_;
  unique_fd epoll_;
  poll_schedule schedule_;
};

/// Whether the kernel can wait for less than a millisecond for descriptors, as moderation needs.
bool has_short_waits() noexcept;

}  // namespace relay::net
