#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace relay::balance {

/// The smooth weighted sequence: weights 5, 1, 1 give 0 0 1 0 2 0 0, over and over. Those that are
/// not open at the moment take no part: their place in the sequence stands still, and the others
/// share among themselves as smoothly.
class round_robin {
 public:
  explicit round_robin(std::span<const std::uint32_t> weights);

  /// Moves on by one; nothing when nobody with a weight is open.
  std::optional<std::size_t> next(const std::vector<bool>& open);

 private:
  struct entry {
    std::int64_t weight;
    std::int64_t credit;
  };
  std::vector<entry> entries_;
};

}  // namespace relay::balance
