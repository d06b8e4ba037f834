#include <relay/base/token_bucket.hpp>

#include <algorithm>

namespace relay {
namespace {

constexpr std::uint64_t nanoseconds_of_a_second = 1'000'000'000;
// What is booked never runs so far ahead that sums of it overflow.
constexpr std::uint64_t longest = 365 * 86'400 * nanoseconds_of_a_second;

__extension__ using wide = unsigned __int128;

}  // namespace

token_bucket::nanoseconds token_bucket::time_of(std::uint64_t bytes) const noexcept {
  const auto exact = (wide{bytes} * nanoseconds_of_a_second + rate_ - 1) / rate_;
  return nanoseconds(static_cast<std::int64_t>(std::min<wide>(exact, longest)));
}

token_bucket::clock::time_point token_bucket::book(std::uint64_t bytes, clock::time_point now,
                                                   nanoseconds saved) noexcept {
  const auto earliest = (now - saved).time_since_epoch().count();
  const auto cost = time_of(bytes).count();
  auto spent = spent_.load(std::memory_order_relaxed);
  while (!spent_.compare_exchange_weak(spent, std::max(spent, earliest) + cost,
                                       std::memory_order_relaxed)) {
  }
  return clock::time_point(nanoseconds(std::max(spent, earliest)));
}

std::uint64_t token_bucket::book_some(std::uint64_t bytes, std::uint64_t count,
                                      clock::time_point now, nanoseconds ahead) noexcept {
  const auto from = now.time_since_epoch().count();
  const auto cost = time_of(bytes).count();
  auto spent = spent_.load(std::memory_order_relaxed);
  for (;;) {
    const auto begin = std::max(spent, from);
    const auto room = from + ahead.count() - begin;
    if (room <= 0) return 0;
    // The last one may begin just before the room ends.
    const auto fit = cost == 0 ? count : static_cast<std::uint64_t>((room + cost - 1) / cost);
    const auto taken = std::min(count, fit);
    const auto end = begin + static_cast<std::int64_t>(taken) * cost;
    if (spent_.compare_exchange_weak(spent, end, std::memory_order_relaxed)) return taken;
  }
}

void token_bucket::refund(std::uint64_t bytes) noexcept {
  spent_.fetch_sub(time_of(bytes).count(), std::memory_order_relaxed);
}

token_bucket::nanoseconds token_bucket::spent_ahead(clock::time_point now) const noexcept {
  return std::max(nanoseconds(0), spent_until() - now);
}

}  // namespace relay
