#include <relay/pump/byte_rates.hpp>

#include <algorithm>

namespace relay::pump {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t period_bits = 28;  // of nanoseconds: about a quarter of a second

// One turn of one flow; and a round, in which every flow has its turn.
constexpr std::uint64_t turn_ms = 10;
constexpr std::uint64_t round_ms = 20;
// Where that makes turns tiny: somewhat larger ones, but never longer rounds than this.
constexpr std::uint64_t longest_round_ms = 80;
constexpr std::uint64_t tiny = 256;
// A full pipe: with more, sockets would be full before the next turn.
constexpr std::uint64_t most = std::uint64_t{1} << 20;

}  // namespace

std::uint64_t turn_of(std::uint64_t bytes_per_second, std::uint32_t flows) noexcept {
  const auto sharing = std::max<std::uint64_t>(flows, 1);
  const auto in = [=](std::uint64_t ms) { return bytes_per_second * ms / 1000; };
  const auto even = std::min(in(turn_ms), in(round_ms) / sharing);
  const auto worth_it = std::min(tiny, in(longest_round_ms) / sharing);
  return std::clamp<std::uint64_t>(std::max(even, worth_it), 1, most);
}

std::uint32_t shared_rate::meet(clock::time_point now, std::uint32_t& met) noexcept {
  const auto nanoseconds = now.time_since_epoch().count();
  const auto period = static_cast<std::uint32_t>(nanoseconds >> period_bits) | 1U << 31;  // never 0
  auto known = period_.load(std::memory_order_relaxed);
  if (known != period && period_.compare_exchange_strong(known, period)) {
    const auto before = met_.exchange(0);
    met_before_ = period == known + 1 ? before : 0;
  }
  if (met != period) {
    met = period;
    ++met_;
  }
  return std::max({met_.load(), met_before_.load(), std::uint32_t{1}});
}

}  // namespace relay::pump
