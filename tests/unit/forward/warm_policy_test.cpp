#include <relay/forward/warm_policy.hpp>

#include <gtest/gtest.h>

#include <numeric>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using counts = std::vector<std::size_t>;
using shares = std::vector<std::uint32_t>;

const warm_policy::time_point start = warm_policy::time_point(1000s);

warm_policy wanting(std::size_t count, std::chrono::milliseconds max_age = 30s) {
  warm_policy made(max_age);
  made.want(count);
  return made;
}

TEST(WarmPart, IsAnEqualShareAndAtLeastOne) {
  EXPECT_EQ(warm_part(8, 0, 2), 4U);
  EXPECT_EQ(warm_part(5, 0, 2), 3U);
  EXPECT_EQ(warm_part(5, 1, 2), 2U);
  EXPECT_EQ(warm_part(1, 3, 4), 1U) << "a client finds none on another worker";
  EXPECT_EQ(warm_part(0, 0, 4), 0U);
}

TEST(SpreadWarm, FollowsTheClients) {
  EXPECT_EQ(spread_warm(4, shares{1, 1}, 0), (counts{2, 2}));
  EXPECT_EQ(spread_warm(7, shares{5, 1, 1}, 0), (counts{5, 1, 1}));
  EXPECT_EQ(spread_warm(4, shares{5, 1, 0}, 0), (counts{3, 1, 0}));
  EXPECT_EQ(spread_warm(4, shares{0, 1}, 0), (counts{0, 4})) << "the other one is aside";
  EXPECT_EQ(spread_warm(4, shares{0, 0}, 0), (counts{0, 0})) << "all are aside";
}

TEST(SpreadWarm, WithFewerThanRemotesEachWorkerBeginsAtAnother) {
  EXPECT_EQ(spread_warm(1, shares{1, 1, 1}, 0), (counts{1, 0, 0}));
  EXPECT_EQ(spread_warm(1, shares{1, 1, 1}, 1), (counts{0, 1, 0}));
  EXPECT_EQ(spread_warm(2, shares{1, 1, 1}, 2), (counts{1, 0, 1}));
}

TEST(SpreadWarm, NeverGivesMoreOrLessThanThePart) {
  for (std::size_t part = 0; part < 40; ++part) {
    for (std::size_t worker = 0; worker < 5; ++worker) {
      const auto made = spread_warm(part, shares{255, 1, 0, 7, 30}, worker);
      EXPECT_EQ(std::accumulate(made.begin(), made.end(), std::size_t{0}), part);
      EXPECT_EQ(made[2], 0U);
    }
  }
}

TEST(WarmPolicy, DialsAllThatAreLackingAtOnce) {
  auto p = wanting(4);
  EXPECT_EQ(p.dial(start, 0, 0), 4U);
  EXPECT_EQ(p.dial(start, 0, 4), 0U) << "under way";
  EXPECT_EQ(p.dial(start + 1s, 4, 0), 0U) << "all there";
  EXPECT_EQ(p.dial(start + 1s, 2, 1), 1U) << "two were taken, one is under way";
  EXPECT_EQ(p.dial(start + 1s, 7, 0), 0U);
}

TEST(WarmPolicy, DialsNothingWhereNothingIsWanted) {
  auto p = wanting(0);
  EXPECT_EQ(p.dial(start, 0, 0), 0U);
  p.want(2);
  EXPECT_EQ(p.dial(start + 1s, 0, 0), 2U);
  p.want(0);
  EXPECT_EQ(p.dial(start + 2s, 0, 0), 0U);
}

// However fast they are lost: as many as are wanted, twice a second.
TEST(WarmPolicy, IsBoundByARate) {
  auto p = wanting(4);
  EXPECT_EQ(p.dial(start, 0, 0), 4U);
  EXPECT_EQ(p.dial(start, 0, 0), 0U);
  EXPECT_EQ(p.patience(), 100ms) << "soon there may be more";
  EXPECT_EQ(p.dial(start + 250ms, 0, 0), 2U);
  std::size_t sum = 0;
  for (int i = 0; i < 1000; ++i) sum += p.dial(start + 250ms + i * 10ms, 0, 0);
  EXPECT_NEAR(static_cast<double>(sum), 80, 1);
  EXPECT_EQ(p.dial(start + 60s, 0, 0), 4U) << "a pause saves up no more than one round";
}

TEST(WarmPolicy, WhatClientsUseIsReplacedAtWhateverRate) {
  auto p = wanting(4);
  EXPECT_EQ(p.dial(start, 0, 0), 4U);
  for (int i = 0; i < 1000; ++i) {
    p.used();
    EXPECT_EQ(p.dial(start, 3, 0), 1U);
  }
  EXPECT_EQ(p.dial(start, 3, 0), 0U) << "which saves up nothing for the others";
}

TEST(WarmPolicy, ALifeIsRenewedInItsLastThirdAtDifferentMoments) {
  const auto p = wanting(1, 30s);
  for (const double noise : {-1.0, -0.5, 0.0, 0.7, 1.0}) {
    const auto life = p.begin(start, noise);
    EXPECT_EQ(life.end, start + 30s);
    EXPECT_GE(life.renewal, start + 20s);
    EXPECT_LE(life.renewal, start + 25s);
  }
  EXPECT_NE(p.begin(start, -1).renewal, p.begin(start, 1).renewal);
}

TEST(WarmPolicy, WithoutAnAgeALifeHasNoEnd) {
  const auto life = wanting(1, 0ms).begin(start, 0);
  EXPECT_GT(life.renewal, start + std::chrono::hours(24 * 365));
  EXPECT_GT(life.end, start + std::chrono::hours(24 * 365));
  EXPECT_EQ(wanting(1, 0ms).patience(), 1000ms);
}

TEST(WarmPolicy, LooksOftenEnoughForShortLives) {
  EXPECT_EQ(wanting(1, 30s).patience(), 1000ms);
  EXPECT_EQ(wanting(1, 4s).patience(), 200ms);
  EXPECT_EQ(wanting(1, 100ms).patience(), 100ms);
}

TEST(WarmPolicy, AFailureBeginsAPauseThatDoubles) {
  auto p = wanting(4);
  auto now = start;
  std::vector<std::chrono::milliseconds> pauses;
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(p.dial(now, 0, 0), i == 0 ? 4U : 1U) << "behind the first pause one alone is tried";
    EXPECT_EQ(p.failed(now, 0), i == 0) << "the trouble begins once";
    const auto begun = now;
    while (p.dial(now, 0, 0) == 0) now += 500ms;
    pauses.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(now - begun));
    now += 1s;  // so that the rate is no limit
  }
  using std::chrono::milliseconds;
  EXPECT_EQ(pauses, (std::vector<milliseconds>{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}));
}

TEST(WarmPolicy, ThoseThatFailTogetherAreOneFailure) {
  auto p = wanting(4);
  EXPECT_EQ(p.dial(start, 0, 0), 4U);
  EXPECT_TRUE(p.failed(start + 10ms, 0));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(p.failed(start + 11ms, 0));
  EXPECT_EQ(p.dial(start + 1009ms, 0, 0), 0U);
  EXPECT_EQ(p.dial(start + 1010ms, 0, 0), 1U) << "the pause is that of one failure";
}

TEST(WarmPolicy, PausesDifferByTheNoise) {
  auto early = wanting(1);
  auto late = wanting(1);
  early.failed(start, -1);
  late.failed(start, 1);
  EXPECT_EQ(early.dial(start + 800ms, 0, 0), 1U);
  EXPECT_EQ(late.dial(start + 1199ms, 0, 0), 0U);
  EXPECT_EQ(late.dial(start + 1200ms, 0, 0), 1U);
}

TEST(WarmPolicy, AfterTroubleTheOthersFollowWhenTheFirstHasProvedItself) {
  auto p = wanting(4);
  p.failed(start, 0);
  EXPECT_EQ(p.dial(start + 2s, 0, 0), 1U);
  EXPECT_EQ(p.dial(start + 3s, 1, 0), 0U) << "it is ready, but what is that worth";
  EXPECT_TRUE(p.proved());
  EXPECT_EQ(p.dial(start + 3s, 1, 0), 3U);
  EXPECT_FALSE(p.proved()) << "said once";
}

// A remote that accepts and closes at once must not be dialled in a loop.
TEST(WarmPolicy, WhoIsLostUnusedAtOnceCountsAsAFailure) {
  auto p = wanting(2);
  EXPECT_EQ(p.dial(start, 0, 0), 2U);
  const auto life = p.begin(start, 0);
  EXPECT_TRUE(p.lost(life, start + 5ms, 0));
  EXPECT_EQ(p.dial(start + 500ms, 0, 0), 0U);
}

TEST(WarmPolicy, WhoIsLostLaterIsReplacedAtOnce) {
  auto p = wanting(2);
  EXPECT_EQ(p.dial(start, 0, 0), 2U);
  const auto life = p.begin(start, 0);
  EXPECT_FALSE(p.has_lasted(life, start + 999ms));
  EXPECT_TRUE(p.has_lasted(life, start + 1s));
  EXPECT_FALSE(p.lost(life, start + 5s, 0));
  EXPECT_EQ(p.dial(start + 5s, 1, 0), 1U);
}

}  // namespace
}  // namespace relay::forward
