#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace relay::bench {

inline constexpr std::size_t block_size = std::size_t{256} << 10;

/// A block that every connection may send from and receive into when nobody looks at the bytes.
std::span<char> shared_block();

/// One direction of a checked stream: `total` bytes that depend on their place, so that a lost,
/// doubled or moved byte shows. The period is prime, so that no buffer size hides a mistake.
class pattern {
 public:
  explicit pattern(std::uint64_t total) : left_(total) {}
  std::uint64_t left() const noexcept { return left_; }
  std::span<const char> next() const noexcept;  ///< what follows, as far as it is in one piece
  void advance(std::size_t bytes) noexcept;
  bool matches(std::span<const char> data) noexcept;  ///< and advances

 private:
  std::size_t at_ = 0;
  std::uint64_t left_;
};

}  // namespace relay::bench
