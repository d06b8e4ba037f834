#include <relay/base/token_bucket.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace relay {
namespace {

using namespace std::chrono_literals;
using clock = token_bucket::clock;

constexpr auto none = 0ns;
constexpr std::uint64_t mib = std::uint64_t{1} << 20;
const clock::time_point start{1h};

TEST(TokenBucket, TurnsFollowEachOtherAtTheRate) {
  token_bucket b(1000, start);
  EXPECT_EQ(b.book(100, start, none), start) << "the first begins at once";
  EXPECT_EQ(b.book(50, start, none), start + 100ms);
  EXPECT_EQ(b.book(1, start + 30ms, none), start + 150ms);
  EXPECT_EQ(b.book(1, start + 10s, none), start + 10s) << "what was not spent is gone";
}

TEST(TokenBucket, WhatWasNotSpentIsSavedUpToABound) {
  token_bucket b(1000, start);
  EXPECT_EQ(b.book(10, start + 1s, 20ms), start + 980ms);
  EXPECT_EQ(b.book(10, start + 1s, 20ms), start + 990ms);
  EXPECT_EQ(b.book(10, start + 1s, 20ms), start + 1000ms);
  EXPECT_EQ(b.book(10, start + 1s, 20ms), start + 1010ms) << "this one has to wait";
  EXPECT_EQ(token_bucket(1000, start).book(10, start, 20ms), start)
      << "nothing is saved before it began";
}

TEST(TokenBucket, ATurnThatIsTakenLateLosesNothing) {
  token_bucket b(1'000'000, start);
  auto now = start;
  std::uint64_t moved = 0;
  while (now < start + 10s) {
    const auto turn = b.book(10'000, now, 5ms);
    now = std::max(now, turn + 4ms);  // always 4 ms late
    moved += 10'000;
  }
  EXPECT_GE(moved, 9'990'000U);
  EXPECT_LE(moved, 10'010'000U);
}

TEST(TokenBucket, ARefundMakesTheNextTurnEarlier) {
  token_bucket b(1000, start);
  b.book(1000, start, none);
  b.refund(900);
  EXPECT_EQ(b.book(1, start, none), start + 100ms);
  EXPECT_EQ(b.spent_ahead(start), 101ms);
  EXPECT_EQ(b.spent_ahead(start + 1s), 0ns);
}

TEST(TokenBucket, PiecesGoWhileLittleIsSpentAhead) {
  token_bucket b(1000, start);
  EXPECT_EQ(b.book_some(10, 100, start, 50ms), 5U);
  EXPECT_EQ(b.book_some(10, 100, start, 50ms), 0U);
  EXPECT_EQ(b.book_some(10, 100, start + 5ms, 50ms), 1U) << "the last may begin before the end";
  EXPECT_EQ(b.book_some(10, 100, start + 9ms, 50ms), 0U);
  EXPECT_EQ(b.book_some(10, 2, start + 1s, 50ms), 2U) << "no more than there are";
}

TEST(TokenBucket, APieceLargerThanAllThatIsAllowedGoesAloneAndIsPaidFor) {
  token_bucket b(1000, start);
  EXPECT_EQ(b.book_some(60'000, 2, start, 50ms), 1U);
  EXPECT_EQ(b.book_some(1, 1, start + 59s, 50ms), 0U);
  EXPECT_EQ(b.book_some(1, 1, start + 60s, 50ms), 1U);
}

TEST(TokenBucket, EmptyPiecesCostNothing) {
  token_bucket b(1000, start);
  EXPECT_EQ(b.book_some(0, 64, start, 50ms), 64U);
  EXPECT_EQ(b.spent_ahead(start), 0ns);
}

TEST(TokenBucket, TimesAreExactForAllRates) {
  EXPECT_EQ(token_bucket(1, start).time_of(1), 1s);
  EXPECT_EQ(token_bucket(3, start).time_of(1), 333'333'334ns) << "rounded up";
  EXPECT_EQ(token_bucket(125'000'000, start).time_of(mib), 8'388'608ns);
  EXPECT_EQ(token_bucket(1'000'000'000'000'000, start).time_of(mib), 2ns);
  EXPECT_EQ(token_bucket(1'000'000'000'000'000, start).time_of(1), 1ns);
}

TEST(TokenBucket, NothingOverflows) {
  token_bucket slow(1, start);
  EXPECT_EQ(slow.time_of(UINT64_MAX), 24h * 365);
  for (int i = 0; i < 100; ++i) slow.book(UINT64_MAX, start, none);
  EXPECT_EQ(slow.spent_ahead(start), 24h * 36'500);
  EXPECT_EQ(slow.book_some(UINT64_MAX, 1, start, 1s), 0U);
  token_bucket fast(UINT64_MAX, start);
  EXPECT_EQ(fast.time_of(UINT64_MAX), 1s);
}

TEST(TokenBucket, ThreadsTogetherBookEveryByteOnce) {
  token_bucket b(1'000'000'000, start);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&b] {
      for (int n = 0; n < 10'000; ++n) {
        b.book(100, start, none);
        b.refund(50);
      }
    });
  }
  for (auto& each : threads) each.join();
  EXPECT_EQ(b.spent_ahead(start), 2ms);
}

}  // namespace
}  // namespace relay
