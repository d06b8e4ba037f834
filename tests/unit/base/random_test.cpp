#include <relay/base/random.hpp>

#include <gtest/gtest.h>

#include <set>

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

}  // namespace
}  // namespace relay
