#pragma once

#include <relay/base/token_bucket.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace relay::pump {

/// A rate that many flows of many workers share, one way.
class shared_rate {
 public:
  using clock = token_bucket::clock;

  shared_rate(std::uint64_t bytes_per_second, clock::time_point began)
      : bucket(bytes_per_second, began) {}

  token_bucket bucket;

  /// Streams that use it or wait for it at the moment.
  std::uint32_t flows() const noexcept { return flows_.load(std::memory_order_relaxed); }
  void enter() noexcept { flows_.fetch_add(1, std::memory_order_relaxed); }
  void leave() noexcept { flows_.fetch_sub(1, std::memory_order_relaxed); }

  /// How many flows of datagrams have been met lately: in this part of a second or the one before.
  /// `met` is the flow's own, 0 at first.
  std::uint32_t meet(clock::time_point now, std::uint32_t& met) noexcept;

 private:
  std::atomic<std::uint32_t> flows_{0};
  std::atomic<std::uint32_t> period_{0};
  std::atomic<std::uint32_t> met_{0};
  std::atomic<std::uint32_t> met_before_{0};
};

/// The rates of one endpoint, each way.
struct byte_rates {
  /// Bytes per second of one flow and of all together; 0: no limit.
  byte_rates(std::uint64_t flow, std::uint64_t all, shared_rate::clock::time_point now)
      : own(flow) {
    if (all == 0) return;
    up.emplace(all, now);
    down.emplace(all, now);
  }

  bool any() const noexcept { return own != 0 || up; }
  /// Whether they are these.
  bool is(std::uint64_t flow, std::uint64_t all) const noexcept {
    return own == flow && (up ? up->bucket.rate() : 0) == all;
  }
  shared_rate* of(bool is_up) noexcept {
    auto& way = is_up ? up : down;
    return way ? &*way : nullptr;
  }

  std::uint64_t own;
  std::optional<shared_rate> up;  ///< client to remote
  std::optional<shared_rate> down;
};

/// How much a stream moves in one turn while so many share the rate: so much that turns are worth
/// a system call, so little that rates are even and everybody has a turn soon.
std::uint64_t turn_of(std::uint64_t bytes_per_second, std::uint32_t flows) noexcept;

}  // namespace relay::pump
