#include "pattern.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace relay::bench {
namespace {

constexpr std::size_t period = 65521;

const std::array<char, period>& table() {
  static const auto made = [] {
    std::array<char, period> bytes{};
    std::uint64_t state = 1;
    for (auto& byte : bytes) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      byte = static_cast<char>(state >> 56);
    }
    return bytes;
  }();
  return made;
}

}  // namespace

std::span<char> shared_block() {
  static std::array<char, block_size> block{};
  return block;
}

std::span<const char> pattern::next() const noexcept {
  const auto piece = std::min<std::uint64_t>(period - at_, left_);
  return std::span(table()).subspan(at_, static_cast<std::size_t>(piece));
}

void pattern::advance(std::size_t bytes) noexcept {
  at_ = (at_ + bytes) % period;
  left_ -= bytes;
}

bool pattern::matches(std::span<const char> data) noexcept {
  while (!data.empty()) {
    const auto expected = next();
    const auto piece = std::min(expected.size(), data.size());
    if (piece == 0 || std::memcmp(expected.data(), data.data(), piece) != 0) return false;
    advance(piece);
    data = data.subspan(piece);
  }
  return true;
}

}  // namespace relay::bench
