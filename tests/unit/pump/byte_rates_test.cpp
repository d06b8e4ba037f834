#include <relay/pump/byte_rates.hpp>

#include <gtest/gtest.h>

namespace relay::pump {
namespace {

using namespace std::chrono_literals;
const shared_rate::clock::time_point start{1h};

TEST(TurnOf, IsAHundredthOfASecondForOneFlow) {
  EXPECT_EQ(turn_of(12'500'000, 1), 125'000U);
  EXPECT_EQ(turn_of(1'250'000, 0), 12'500U);
  EXPECT_EQ(turn_of(1'250'000, 2), 12'500U);
}

TEST(TurnOf, FillsOnePipeAtMost) { EXPECT_EQ(turn_of(10'000'000'000, 1), 1U << 20); }

TEST(TurnOf, MakesARoundOfAllFlowsShort) {
  for (const std::uint64_t rate : {125'000U, 1'250'000U, 125'000'000U}) {
    for (const auto flows : {1U, 3U, 50U, 200U}) {
      const auto round = turn_of(rate, flows) * flows * 1000 / rate;
      EXPECT_LE(round, 80U) << rate << " shared by " << flows;
    }
  }
}

TEST(TurnOf, IsNotTinyWhereARoundMayBeLonger) {
  EXPECT_EQ(turn_of(8'000, 1), 256U);
  EXPECT_EQ(turn_of(1'000, 1), 80U) << "a flow never waits for longer than 100 ms";
  EXPECT_EQ(turn_of(1, 1), 1U);
  EXPECT_EQ(turn_of(1, 1'000'000), 1U);
}

TEST(SharedRate, CountsThoseWhoUseIt) {
  shared_rate all(1000, start);
  all.enter();
  all.enter();
  all.leave();
  EXPECT_EQ(all.flows(), 1U);
}

TEST(SharedRate, MeetsAFlowOnceInAPeriodAndForgetsItSoon) {
  shared_rate all(1000, start);
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  EXPECT_EQ(all.meet(start, first), 1U);
  EXPECT_EQ(all.meet(start, first), 1U);
  EXPECT_EQ(all.meet(start, second), 2U);
  EXPECT_EQ(all.meet(start + 270ms, first), 2U) << "the other was there in the period before";
  EXPECT_EQ(all.meet(start + 540ms, first), 1U);
  all.meet(start + 540ms, second);
  EXPECT_EQ(all.meet(start + 10s, first), 1U) << "nobody was there in between";
}

TEST(ByteRates, AreThereWhereOneIsSet) {
  EXPECT_FALSE(byte_rates(0, 0, start).any());
  EXPECT_TRUE(byte_rates(1, 0, start).any());
  byte_rates both(0, 5, start);
  EXPECT_TRUE(both.any());
  EXPECT_EQ(both.of(true)->bucket.rate(), 5U);
  EXPECT_NE(both.of(true), both.of(false));
  EXPECT_EQ(byte_rates(1, 0, start).of(true), nullptr);
}

}  // namespace
}  // namespace relay::pump
