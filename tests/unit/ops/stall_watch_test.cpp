#include <relay/ops/stall_watch.hpp>

#include <gtest/gtest.h>

namespace relay::ops {
namespace {

using namespace std::chrono_literals;
using change = stall_watch::change;
using finding = stall_watch::finding;

/// A watch over some loops, which turn as told; a period goes by before each look.
struct bench {
  explicit bench(std::size_t loops, stall_watch::milliseconds limit = 4s)
      : turns(loops, 0), watch(loops, limit, now) {}

  std::vector<finding> after(std::chrono::steady_clock::duration time) {
    now += time;
    return watch.look(turns, now);
  }
  std::vector<finding> look() { return after(watch.period()); }

  stall_watch::time_point now{};
  std::vector<std::uint32_t> turns;
  stall_watch watch;
};

TEST(StallWatch, LoopsThatTurnAreLeftAlone) {
  bench b(2);
  for (int i = 0; i < 20; ++i) {
    for (auto& each : b.turns) each += 1000;
    EXPECT_TRUE(b.look().empty());
  }
}

TEST(StallWatch, AnIdleLoopIsAskedAndAnswersFor) {
  bench b(1);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(b.look(), (std::vector<finding>{{0, change::ask, 0s}}));
    ++b.turns[0];  // the answer
    EXPECT_TRUE(b.look().empty());
  }
  EXPECT_EQ(b.watch.stalled(), 0U);
}

TEST(StallWatch, ALoopThatDoesNotAnswerIsStalledAfterTheLimitAndToldOnce) {
  bench b(2);
  EXPECT_EQ(b.watch.period(), 1s);
  EXPECT_EQ(b.look().size(), 2U) << "both are asked";
  for (int i = 0; i < 3; ++i) {
    ++b.turns[0];
    for (const auto& each : b.look()) EXPECT_EQ(each.what, change::ask);
  }
  ++b.turns[0];
  EXPECT_EQ(b.look(), (std::vector<finding>{{1, change::stalled, 4s}}));
  EXPECT_EQ(b.watch.stalled(), 1U);
  for (int i = 0; i < 5; ++i) {
    ++b.turns[0];
    EXPECT_TRUE(b.look().empty());
  }
}

TEST(StallWatch, ALoopThatTurnsAgainIsToldWithTheTimeItTook) {
  bench b(1);
  for (int i = 0; i < 7; ++i) b.look();
  ++b.turns[0];
  EXPECT_EQ(b.look(), (std::vector<finding>{{0, change::turns_again, 7s}}));
  EXPECT_EQ(b.watch.stalled(), 0U);
  EXPECT_EQ(b.look(), (std::vector<finding>{{0, change::ask, 0s}})) << "from the beginning";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(b.look().empty());
  EXPECT_EQ(b.look(), (std::vector<finding>{{0, change::stalled, 4s}}));
}

TEST(StallWatch, AStoppedProcessOrAFrozenMachineIsNoStall) {
  bench b(1);
  EXPECT_EQ(b.look().size(), 1U) << "asked, then the process is stopped";
  EXPECT_TRUE(b.after(1h).empty()) << "the worker has not run either";
  ++b.turns[0];
  EXPECT_TRUE(b.look().empty());
}

TEST(StallWatch, StoppedAgainAndAgainALoopThatAnswersIsNeverStalled) {
  bench b(1);
  for (int i = 0; i < 50; ++i) {
    for (const auto& each : b.after(1min)) EXPECT_EQ(each.what, change::ask);
    if (i % 3 == 2) ++b.turns[0];
  }
}

TEST(StallWatch, ALateLookCountsOnePeriod) {
  bench b(1);
  for (int i = 0; i < 4; ++i) EXPECT_LE(b.after(10s).size(), 1U);
  EXPECT_EQ(b.watch.stalled(), 0U) << "3 s of its life";
  EXPECT_EQ(b.after(10s), (std::vector<finding>{{0, change::stalled, 4s}}));
}

TEST(StallWatch, AVeryShortLimitHasAPeriodThatCostsNothing) {
  bench b(1, 1ms);
  EXPECT_EQ(b.watch.period(), 10ms);
}

TEST(StallWatch, NumbersOfTurnsMayWrapAround) {
  bench b(1);
  b.turns[0] = ~0U;
  EXPECT_TRUE(b.look().empty());
  ++b.turns[0];
  EXPECT_TRUE(b.look().empty());
}

}  // namespace
}  // namespace relay::ops
