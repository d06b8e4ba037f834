#include <relay/pump/moderation.hpp>

#include <gtest/gtest.h>

namespace relay::pump {
namespace {

using verdict = moderation::verdict;
constexpr auto kib = moderation::kib;
constexpr auto mib = moderation::mib;

/// Wakes it by `bytes` each until it wants to be armed; how many wake-ups that took, 0 if none of
/// a thousand was enough.
int wakes_until_armed(moderation& m, std::size_t bytes, std::size_t window = 8 * mib) {
  for (int n = 1; n <= 1000; ++n) {
    if (!m.ran_dry(bytes)) continue;
    if (window < m.wanted_window()) {
      m.refused();
      continue;
    }
    m.arm(window);
    return n;
  }
  return 0;
}

/// A whole spell of visits of `bytes` each; what the last one said.
verdict spell(moderation& m, std::size_t bytes) {
  auto last = verdict::stay;
  for (std::uint32_t i = 0; i < moderation::spell && m.is_armed(); ++i) last = m.visited(bytes);
  return last;
}

TEST(Moderation, ArmsAfterTwoMebibytesOfStream) {
  moderation m;
  EXPECT_EQ(wakes_until_armed(m, 64 * kib), 32);
  EXPECT_TRUE(m.is_armed());
}

TEST(Moderation, WhatBudgetsCutIsPartOfTheStreamButNoReasonToArm) {
  moderation m;
  for (int i = 0; i < 100; ++i) m.moved(mib);
  EXPECT_FALSE(m.is_armed());
  EXPECT_EQ(wakes_until_armed(m, 64 * kib), 1);
}

TEST(Moderation, NeverArmsForMessagesOfLessThanThat) {
  moderation m;
  for (int message = 0; message < 100; ++message) {
    for (int i = 0; i < 16; ++i) EXPECT_FALSE(m.ran_dry(64 * kib));
    EXPECT_FALSE(m.message_boundary()) << "nothing to let go";
  }
}

TEST(Moderation, NeverArmsForWhoeverBringsLittle) {
  moderation m;
  EXPECT_EQ(wakes_until_armed(m, 16 * kib - 1), 0);
  moderation enough;
  EXPECT_EQ(wakes_until_armed(enough, 16 * kib), 128);
}

TEST(Moderation, NeverArmsWhereTheWindowLimitsTheSender) {
  moderation m;
  EXPECT_EQ(wakes_until_armed(m, 64 * kib, 256 * kib - 1), 0);
  moderation big;
  EXPECT_EQ(wakes_until_armed(big, 200 * kib, 400 * kib - 1), 0) << "twice what one wake-up moved";
  moderation fits;
  EXPECT_GT(wakes_until_armed(fits, 200 * kib, 400 * kib), 0);
}

TEST(Moderation, ARefusalIsNotRepeatedAtEachWakeUp) {
  moderation m;
  for (int i = 0; i < 31; ++i) ASSERT_FALSE(m.ran_dry(64 * kib));
  ASSERT_TRUE(m.ran_dry(64 * kib));
  m.refused();
  for (int i = 0; i < 15; ++i) EXPECT_FALSE(m.ran_dry(64 * kib));
  EXPECT_TRUE(m.ran_dry(64 * kib)) << "a mebibyte later";
}

TEST(Moderation, LetsGoWhenTheOtherSideSpeaksAndStartsFromNothing) {
  moderation m;
  wakes_until_armed(m, 64 * kib);
  EXPECT_TRUE(m.message_boundary());
  EXPECT_FALSE(m.is_armed());
  EXPECT_EQ(wakes_until_armed(m, 64 * kib), 32);
}

TEST(Moderation, StaysWhileVisitsGatherHalfAsMuchAgain) {
  moderation m;
  wakes_until_armed(m, 32 * kib);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(spell(m, 48 * kib), verdict::stay);
  EXPECT_EQ(spell(m, 48 * kib - 1), verdict::let_go);
  EXPECT_FALSE(m.is_armed());
}

TEST(Moderation, StaysWhereVisitsAreBigAlthoughWakeUpsWereToo) {
  moderation m;
  wakes_until_armed(m, 230 * kib);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(spell(m, 64 * kib), verdict::stay);
  EXPECT_EQ(spell(m, 64 * kib - 1), verdict::let_go);
}

TEST(Moderation, LetsGoOfAPacedGigabit) {
  moderation m;
  wakes_until_armed(m, 16 * kib);
  EXPECT_EQ(spell(m, 25'000), verdict::let_go) << "what 1 Gbit/s brings in 200 us";
}

TEST(Moderation, OneThinVisitIsNoReason) {
  moderation m;
  wakes_until_armed(m, 64 * kib);
  EXPECT_EQ(m.visited(1), verdict::stay);
  for (int i = 1; i < 15; ++i) m.visited(128 * kib);
  EXPECT_EQ(m.visited(128 * kib), verdict::stay);
}

TEST(Moderation, EachSpellInVainDoublesThePauseUpTo64Mebibytes) {
  moderation m;
  const int expected[] = {64, 128, 256, 512, 1024, 2048, 2048};  // wake-ups of 32 KiB
  ASSERT_EQ(wakes_until_armed(m, 32 * kib), 64);
  for (const int wakes : expected) {
    ASSERT_EQ(spell(m, 32 * kib), verdict::let_go);
    int n = 1;
    while (!m.ran_dry(32 * kib)) ++n;
    EXPECT_EQ(n, wakes);
    m.arm(8 * mib);
  }
}

TEST(Moderation, ASpellThatPaysMakesThePauseShortAgain) {
  moderation m;
  wakes_until_armed(m, 32 * kib);
  spell(m, 32 * kib);
  wakes_until_armed(m, 32 * kib);
  spell(m, 32 * kib);
  EXPECT_EQ(wakes_until_armed(m, 32 * kib), 128);
  EXPECT_EQ(spell(m, 64 * kib), verdict::stay);
  m.disarmed();  // the sink was full
  EXPECT_EQ(wakes_until_armed(m, 32 * kib), 32);
}

TEST(Moderation, LooksAtTheWindowOnlyWhenAVisitFillsHalfOfIt) {
  moderation m;
  wakes_until_armed(m, 64 * kib, 1 * mib);
  EXPECT_EQ(m.visited(512 * kib), verdict::stay);
  EXPECT_EQ(m.visited(512 * kib + 1), verdict::look);
  EXPECT_TRUE(m.fits(2 * mib)) << "it has grown";
  EXPECT_EQ(m.visited(mib), verdict::stay);
  EXPECT_EQ(m.visited(mib + 1), verdict::look);
  EXPECT_FALSE(m.fits(2 * mib));
  EXPECT_FALSE(m.is_armed());
}

TEST(Moderation, ForgetsHowASenderWasLongAgo) {
  moderation m;
  for (int i = 0; i < 1000; ++i) m.ran_dry(200 * kib);  // refused by nobody, armed by nobody
  for (int i = 0; i < 1000; ++i) m.ran_dry(32 * kib);
  m.arm(8 * mib);
  EXPECT_EQ(spell(m, 49 * kib), verdict::stay) << "what counts is the last few dozen wake-ups";
}

}  // namespace
}  // namespace relay::pump
