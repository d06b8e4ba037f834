#include <relay/forward/line_budget.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using kind = line_budget::kind;

const line_budget::clock::time_point start = line_budget::clock::time_point{} + 1h;

/// How many of so many are written.
int written(line_budget& by, int count, kind what, line_budget::clock::time_point now) {
  int times = 0;
  for (int i = 0; i < count; ++i) times += by.admit(what, now) ? 1 : 0;
  return times;
}

TEST(LineBudget, ABusyRelayHasALineForEverySession) {
  line_budget b;
  for (int second = 0; second < 60; ++second) {
    EXPECT_EQ(written(b, line_budget::per_second, kind::ordinary, start + second * 1s), 200);
  }
  EXPECT_FALSE(b.owes());
  EXPECT_FALSE(b.due(start + 1h));
}

TEST(LineBudget, AStormIsCutAndCounted) {
  line_budget b;
  EXPECT_EQ(written(b, 1000, kind::ordinary, start), 200);
  EXPECT_EQ(written(b, 1000, kind::ordinary, start + 1s), 200);
  EXPECT_TRUE(b.owes());
  EXPECT_FALSE(b.due(start + 9s)) << "not every second";
  const auto told = b.due(start + 10s);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->left_out, 1600U);
  EXPECT_EQ(told->during, 10s);
  EXPECT_FALSE(b.owes());
}

TEST(LineBudget, AFloodOfOrdinaryOnesDoesNotHideTheOthers) {
  line_budget b;
  EXPECT_EQ(written(b, 5000, kind::ordinary, start), 200);
  EXPECT_EQ(written(b, 300, kind::remarkable, start), 200) << "they have a share, not more";
  EXPECT_EQ(written(b, 1, kind::ordinary, start), 0) << "which is not for others";
}

TEST(LineBudget, WhatIsOwedAtTheEndIsToldWithItsTrueTime) {
  line_budget b;
  written(b, 201, kind::ordinary, start);
  const auto told = b.rest(start + 2500ms);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->left_out, 1U);
  EXPECT_EQ(told->during, 3s);
  EXPECT_FALSE(b.rest(start + 3s));
}

}  // namespace
}  // namespace relay::forward
