#include <relay/transport/empty_budget.hpp>

#include <gtest/gtest.h>

namespace relay::transport {
namespace {

using namespace std::chrono_literals;
using verdict = empty_budget::verdict;

struct peer {
  empty_budget may;
  empty_budget::time_point now{1000h};

  verdict send(std::uint32_t messages) { return may.take(messages, now); }
};

TEST(EmptyBudget, ABurstIsWithinIt) {
  peer p;
  EXPECT_EQ(p.send(32), verdict::within);
  EXPECT_EQ(p.send(1), verdict::over);
  EXPECT_EQ(p.send(95), verdict::over);
  EXPECT_EQ(p.send(1), verdict::flood);
}

TEST(EmptyBudget, TenASecondComeBack) {
  peer p;
  p.send(32);
  p.now += 1s;
  EXPECT_EQ(p.send(10), verdict::within);
  EXPECT_EQ(p.send(1), verdict::over);
  p.now += 1min;
  EXPECT_EQ(p.send(32), verdict::within);
}

TEST(EmptyBudget, AFewForEverAreNoFlood) {
  peer p;
  for (int i = 0; i < 200'000; ++i) {  // two a minute, for more than two months
    ASSERT_EQ(p.send(1), verdict::within) << i;
    p.now += 30s;
  }
}

TEST(EmptyBudget, TenASecondForEverAreNoFlood) {
  peer p;
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_EQ(p.send(1), verdict::within) << i;
    p.now += 100ms;
  }
}

TEST(EmptyBudget, AHundredASecondEndInAFlood) {
  peer p;
  int sent = 0;
  while (p.send(1) != verdict::flood) {
    ASSERT_LT(++sent, 1000);
    p.now += 10ms;
  }
  EXPECT_GE(sent, 128);
}

TEST(EmptyBudget, HowManyComeAtOnceMayBeAnyNumber) {
  peer p;
  EXPECT_EQ(p.send(UINT32_MAX), verdict::flood);
  EXPECT_EQ(p.send(UINT32_MAX), verdict::flood);
  p.now += 1min;
  EXPECT_EQ(p.send(1), verdict::within);
}

// A number of 32 bits comes round after 13 years; whoever was silent for half of that owes nothing.
TEST(EmptyBudget, SilenceOfAnyLengthIsForgiven) {
  for (const auto silence : {1h, 24h * 365, 24h * 365 * 6, 24h * 365 * 7, 24h * 365 * 13}) {
    peer p;
    p.send(1000);
    p.now += silence;
    EXPECT_EQ(p.send(32), verdict::within) << silence.count();
  }
}

TEST(EmptyBudget, CostsAConnectionFourBytes) { EXPECT_EQ(sizeof(empty_budget), 4U); }

}  // namespace
}  // namespace relay::transport
