#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace relay::pump {

/// What the process may leave in the queues of its sockets while readers are slow, for all workers.
/// It counts the directions that move much and, where they are many, what their sockets hold. How
/// far each may go is for `queue_keeper` to say.
class socket_memory {
 public:
  /// More than one direction comes to hold where the kernel decides: half of it is usual.
  static constexpr std::uint64_t of_one = std::uint64_t{16} << 20;

  /// `bound` in bytes. `bites` is told once, from any worker.
  explicit socket_memory(
      std::uint64_t bound, std::function<void()> bites = [] {})
      : bound_(bound), bites_(std::move(bites)) {}

  std::uint64_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

  void enter() noexcept { flows_.fetch_add(1, std::memory_order_relaxed); }
  void leave() noexcept { flows_.fetch_sub(1, std::memory_order_relaxed); }
  /// A direction holds so much, where it held so much before.
  void hold(std::uint64_t bytes, std::uint64_t before) noexcept {
    if (bytes != before) held_.fetch_add(bytes - before, std::memory_order_relaxed);
  }

  /// Where the kernel decides, those that move much could hold half of the bound.
  bool is_crowded() const noexcept { return flows() * of_one > bound_ / 2; }
  /// So much is held that sinks which are not fast must not leave more unsent.
  bool is_filling() const noexcept { return held() > bound_ / 8; }
  /// Half of the bound is really held.
  bool is_tight() const noexcept { return held() > bound_ / 2; }
  /// What a direction may have in each of its two queues, of the other half. Those who came first
  /// must not have more than those who come after them, who may be many.
  std::uint64_t share() const noexcept { return bound_ / 4 / std::max(flows() + 1, many); }

  /// Somebody waits for a slow reader with queues that are kept small.
  void bite() {
    if (!bitten_.load(std::memory_order_relaxed) && !bitten_.exchange(true)) bites_();
  }

 private:
  static constexpr std::uint64_t many = 256;

  std::uint64_t flows() const noexcept { return flows_.load(std::memory_order_relaxed); }

  std::uint64_t bound_;
  std::function<void()> bites_;
  std::atomic<std::uint64_t> flows_{0};
  std::atomic<std::uint64_t> held_{0};
  std::atomic<bool> bitten_{false};
};

/// A quarter of the mark at which the kernel begins to press for memory, of the text of
/// /proc/sys/net/ipv4/tcp_mem (three numbers of pages); 0 when it is none.
std::uint64_t quarter_of_pressure(std::string_view tcp_mem, std::uint64_t page);

/// The bound where none is configured, in whole MiB.
std::uint64_t system_socket_memory();

}  // namespace relay::pump
