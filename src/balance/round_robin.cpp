#include <relay/balance/round_robin.hpp>

namespace relay::balance {

round_robin::round_robin(std::span<const std::uint32_t> weights) {
  for (const auto each : weights) entries_.push_back({each, 0});
}

// Everybody earns his weight, the richest pays for all. The sum stays 0, so credits are bounded.
std::optional<std::size_t> round_robin::next(const std::vector<bool>& open) {
  std::optional<std::size_t> richest;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& each = entries_[i];
    if (!open[i] || each.weight == 0) continue;
    each.credit += each.weight;
    total += each.weight;
    if (!richest || each.credit > entries_[*richest].credit) richest = i;
  }
  if (richest) entries_[*richest].credit -= total;
  return richest;
}

}  // namespace relay::balance
