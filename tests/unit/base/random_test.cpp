#include <relay/base/random.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

namespace relay {
namespace {

TEST(RandomSeed, IsAnotherOneEachTimeInEachOfItsBits) {
  std::set<std::uint64_t> seen;
  std::uint64_t ones = 0;
  std::uint64_t zeros = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto made = random_seed();
    seen.insert(made);
    ones |= made;
    zeros |= ~made;
  }
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_EQ(ones, ~std::uint64_t{0});
  EXPECT_EQ(zeros, ~std::uint64_t{0});
}

/// What a kernel answers, one call after the other; the last one again and again. Positive: so many
/// bytes, negative: the error.
struct scripted_kernel {
  static ssize_t answer(void* into, std::size_t size, unsigned flags) {
    const auto now = script[std::min(calls++, script.size() - 1)];
    EXPECT_EQ(flags, 0U);
    if (now < 0) {
      errno = -now;
      return -1;
    }
    const auto given = std::min(size, static_cast<std::size_t>(now));
    std::memset(into, 'r', given);
    return static_cast<ssize_t>(given);
  }
  static inline std::vector<int> script;
  static inline std::size_t calls = 0;
};

/// What becomes of 16 bytes: the error, and how many bytes were filled.
std::pair<error_code, std::size_t> filled(std::vector<int> script) {
  scripted_kernel::script = std::move(script);
  scripted_kernel::calls = 0;
  std::array<std::byte, 16> bytes{};
  const auto ec = fill_random(bytes, &scripted_kernel::answer);
  return {ec, static_cast<std::size_t>(std::ranges::count(bytes, std::byte{'r'}))};
}

TEST(FillRandom, TakesAllOfItFromTheKernel) {
  std::array<std::byte, 32> one{};
  std::array<std::byte, 32> other{};
  EXPECT_FALSE(fill_random(one));
  EXPECT_FALSE(fill_random(other));
  EXPECT_NE(one, other);
  EXPECT_FALSE(fill_random({}));
}

TEST(FillRandom, GoesOnWhereItWasInterrupted) {
  const std::pair<error_code, std::size_t> whole({}, 16);
  EXPECT_EQ(filled({16}), whole);
  EXPECT_EQ(filled({-EINTR, 16}), whole);
  EXPECT_EQ(filled({5, -EINTR, 10, 1}), whole);
  EXPECT_EQ(filled({1}), whole);
}

TEST(FillRandom, SaysWhyThereIsNothing) {
  for (const int error : {EPERM, ENOSYS, EAGAIN}) {
    EXPECT_EQ(filled({-error}).first.value(), error);
    EXPECT_EQ(filled({5, -error}).first.value(), error) << "part of it is nothing";
  }
}

TEST(FillRandom, EndsAlsoWhereItIsInterruptedForEver) {
  EXPECT_EQ(filled({-EINTR}).first.value(), EINTR);
  EXPECT_EQ(filled({15, -EINTR}).first.value(), EINTR);
  EXPECT_EQ(filled({0}).first.value(), EINTR);
  EXPECT_LE(scripted_kernel::calls, 100U);
}

}  // namespace
}  // namespace relay
