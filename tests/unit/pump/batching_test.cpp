#include <relay/pump/batching.hpp>

#include <gtest/gtest.h>

namespace relay::pump {
namespace {

TEST(Batching, BeginsOneByOne) { EXPECT_FALSE(batching().many()); }

TEST(Batching, StaysSoWhileTurnsLieBetween) {
  batching mode;
  for (std::uint32_t turn = 10; turn < 1000; turn += 2) mode.record(turn, 1);
  EXPECT_FALSE(mode.many());
}

TEST(Batching, TakesManyAfterThreeTurnsInARow) {
  batching mode;
  mode.record(10, 1);
  mode.record(11, 1);
  EXPECT_FALSE(mode.many());
  mode.record(12, 1);
  EXPECT_TRUE(mode.many());
}

TEST(Batching, APauseBeginsTheCountAnew) {
  batching mode;
  mode.record(10, 1);
  mode.record(11, 1);
  mode.record(13, 1);
  mode.record(14, 1);
  EXPECT_FALSE(mode.many());
  mode.record(15, 1);
  EXPECT_TRUE(mode.many());
}

batching busy() {
  batching mode;
  for (std::uint32_t turn = 11; turn < 14; ++turn) mode.record(turn, 1);
  return mode;
}

TEST(Batching, GivesUpAfterFourSingleOnesInARow) {
  auto mode = busy();
  ASSERT_TRUE(mode.many());
  for (std::uint32_t turn = 20; turn < 23; ++turn) mode.record(turn, 1);
  EXPECT_TRUE(mode.many());
  mode.record(23, 1);
  EXPECT_FALSE(mode.many());
}

TEST(Batching, ARunMakesUpForSingleOnes) {
  auto mode = busy();
  for (std::uint32_t turn = 20; turn < 100; ++turn) mode.record(turn, turn % 4 == 0 ? 2 : 1);
  EXPECT_TRUE(mode.many());
}

TEST(Batching, TheCountOfTurnsMayWrapAround) {
  batching mode;
  mode.record(0xfffffffe, 1);
  mode.record(0xffffffff, 1);
  mode.record(0, 1);
  EXPECT_TRUE(mode.many());
}

}  // namespace
}  // namespace relay::pump
