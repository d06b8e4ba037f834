#include <relay/forward/loop_watch.hpp>

#include <algorithm>
#include <cstring>

namespace relay::forward {
namespace {

// The number may have become smaller meanwhile.
bool are_answered(std::uint32_t more, std::uint32_t times) noexcept {
  return static_cast<std::int32_t>(more) >= static_cast<std::int32_t>(times / 2);
}

}  // namespace

std::uint32_t fingerprint(std::span<const std::byte> data) noexcept {
  constexpr std::size_t word = sizeof(std::uint64_t);
  constexpr std::size_t words = 8;
  std::uint64_t mixed = data.size() * 0x9e3779b97f4a7c15U;
  std::uint64_t next = 0;
  if (data.size() <= word) {
    if (!data.empty()) std::memcpy(&next, data.data(), data.size());
    mixed = (mixed ^ next) * 0xd1342543de82ef95U;
  } else {
    // Evenly spread, from the first byte to the last; all of it where that is enough.
    const auto last = data.size() - word;
    const auto count = std::min(words, (data.size() + word - 1) / word);
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(&next, data.data() + last * i / (count - 1), word);
      mixed = (mixed ^ next ^ (mixed >> 29)) * 0xd1342543de82ef95U;
    }
  }
  return static_cast<std::uint32_t>(mixed >> 32);
}

void loop_watch::begin(std::uint32_t print, std::uint32_t answers, clock::time_point now) noexcept {
  print_ = print;
  began_ = ms(now);
  times_ = 0;
  answers_ = answers;
}

loop_watch::verdict loop_watch::judge(std::uint32_t print, std::uint32_t answers,
                                      clock::time_point now) noexcept {
  if (pausing_) {
    if (since(now) < static_cast<std::uint32_t>(pause.count())) return verdict::drop;
    pausing_ = false;
    doubt_ = std::min(static_cast<std::uint8_t>(doubt_ + 1), most_doubt);
    begin(print, answers, now);
    return verdict::pass;
  }
  ++times_;
  const auto length = window << doubt_;
  if (since(now) < length) return verdict::pass;
  const auto often = most * (length / window);
  if (times_ <= often || !are_answered(answers - answers_, times_)) {
    begin(print, answers, now);
    return verdict::pass;
  }
  pausing_ = true;
  began_ = ms(now);
  return verdict::begins;
}

}  // namespace relay::forward
