#pragma once

#include <relay/pump/byte_rates.hpp>
#include <relay/pump/datagrams.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace relay::pump {

/// Keeps the datagrams of one association, one way, to their rates: those above are to be dropped,
/// since datagrams that wait come too late, and others would wait behind them. Bursts pass. Where
/// several share a rate and it is short, who sends less than its share loses nothing. Pure: time is
/// an argument.
class policer {
 public:
  using clock = token_bucket::clock;

  /// `own` is a rate in bytes per second, 0: none. `with`: the rate of all, or null.
  policer(std::uint64_t own, shared_rate* with, clock::time_point now);

  /// How many datagrams of the run may pass, from its first on; they are booked.
  std::size_t admit(const datagram_run& run, clock::time_point now);
  /// Cuts runs down to what may pass, in place; the dropped are added up. What is empty then goes.
  std::span<datagram_run> admit(std::span<datagram_run> runs, clock::time_point now,
                                std::uint64_t& dropped);

 private:
  std::uint64_t admit_shared(std::uint64_t bytes, std::uint64_t count, clock::time_point now);

  std::optional<token_bucket> own_;
  std::optional<token_bucket> fair_;  // what it has had of the shared rate
  shared_rate* with_;
  std::uint32_t met_ = 0;
};

}  // namespace relay::pump
