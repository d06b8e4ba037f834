#include <relay/forward/flood_of_ends.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

/// Whether one of so many ends was worth counting periods from.
bool ends(flood_of_ends& on, std::uint32_t count) {
  bool begins = false;
  for (std::uint32_t i = 0; i < count; ++i) begins = on.ended() || begins;
  return begins;
}

TEST(FloodOfEnds, AFewAreNone) {
  flood_of_ends worker;
  EXPECT_FALSE(ends(worker, flood_of_ends::many - 1));
  EXPECT_TRUE(ends(worker, 1));
}

TEST(FloodOfEnds, IsOverAfterAPeriodInWhichFewEnd) {
  flood_of_ends worker;
  ASSERT_TRUE(ends(worker, 4000));
  EXPECT_FALSE(worker.period_over()) << "most of them came after it had begun";
  EXPECT_FALSE(ends(worker, flood_of_ends::many - 1)) << "it is watched already";
  EXPECT_TRUE(worker.period_over());
}

TEST(FloodOfEnds, OneThatJustCountedAsSuchIsOverAtOnce) {
  flood_of_ends worker;
  ASSERT_TRUE(ends(worker, flood_of_ends::many));
  EXPECT_TRUE(worker.period_over());
}

TEST(FloodOfEnds, TheNextIsAnother) {
  flood_of_ends worker;
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(ends(worker, flood_of_ends::many)) << round;
    EXPECT_TRUE(worker.period_over());
  }
}

TEST(FloodOfEnds, OneThatGoesOnIsTakenForACalmAtLast) {
  flood_of_ends worker;
  ASSERT_TRUE(ends(worker, 1000));
  std::uint32_t periods = 1;
  for (; !worker.period_over(); ++periods) {
    ASSERT_LT(periods, 1000U);
    EXPECT_FALSE(ends(worker, 1000));
  }
  EXPECT_EQ(periods, flood_of_ends::longest);
}

}  // namespace
}  // namespace relay::forward
