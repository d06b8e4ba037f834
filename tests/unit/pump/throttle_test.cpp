#include "support/pump_bench.hpp"

#include <relay/pump/throttle.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <list>
#include <memory>

namespace relay::pump {
namespace {

using namespace std::chrono_literals;

/// A flow that reads as much as it may, while it has something to read.
struct reader final : net::waiter {
  reader(test::pump_bench& on, std::uint64_t own, shared_rate* with)
      : bench(on), rate(on.shared.alarms(), on.poller, *this, own, with) {}

  void wake() override {
    longest = std::max(longest, bench.now - last);
    while (const auto most = has > 0 ? rate.allowance() : 0) {
      const auto bytes = std::min({most, has, piece});
      rate.spend(bytes);
      moved += bytes;
      has -= bytes;
      last = bench.now;
    }
    if (has == 0) rate.rest();
  }
  void begin() {
    last = bench.now;
    bench.poller.schedule(*this);
    bench.run();
  }

  test::pump_bench& bench;
  throttle rate;
  std::size_t has = SIZE_MAX;
  std::size_t piece = SIZE_MAX;
  std::uint64_t moved = 0;
  net::alarms::clock::time_point last;
  net::alarms::clock::duration longest{};
};

struct bench : test::pump_bench {
  shared_rate share(std::uint64_t rate) { return {rate, now}; }
  void last(net::alarms::clock::duration time, net::alarms::clock::duration step = 1ms) {
    for (const auto end = now + time; now < end;) pass(step);
  }
};

TEST(Throttle, IsWithinTwoPercentFromTheFirstSecondOn) {
  for (const std::uint64_t rate : {100'000ULL, 1'250'000ULL, 12'500'000ULL, 1'250'000'000ULL}) {
    bench b;
    reader flow(b, rate, nullptr);
    flow.begin();
    for (std::uint64_t second = 1; second <= 5; ++second) {
      b.last(1s);
      const auto right = static_cast<double>(rate * second);
      EXPECT_NEAR(static_cast<double>(flow.moved), right, right * 0.02) << rate;
    }
    EXPECT_LE(flow.longest, 100ms) << rate;
  }
}

TEST(Throttle, LosesNothingWhenTheWorkerIsLate) {
  bench b;
  reader flow(b, 1'000'000, nullptr);
  flow.begin();
  b.last(10s, 37ms);
  EXPECT_NEAR(static_cast<double>(flow.moved), 10'000'000, 100'000);
}

TEST(Throttle, APauseSavesUpNextToNothing) {
  bench b;
  reader flow(b, 1'000'000, nullptr);
  flow.begin();
  flow.has = 0;
  b.last(10s);
  const auto before = flow.moved;
  flow.has = SIZE_MAX;
  flow.begin();
  EXPECT_LE(flow.moved - before, 20'000U);
}

TEST(Throttle, SmallReadsAreCountedToTheByte) {
  bench b;
  reader flow(b, 1'000'000, nullptr);
  flow.piece = 77;
  flow.begin();
  b.last(2s);
  EXPECT_NEAR(static_cast<double>(flow.moved), 2'000'000, 20'000);
}

TEST(Throttle, WaitsWithoutBeingAskedAgain) {
  bench b;
  reader flow(b, 1000, nullptr);
  flow.begin();
  EXPECT_TRUE(flow.rate.is_waiting());
  const auto moved = flow.moved;
  flow.begin();  // woken by something else
  EXPECT_EQ(flow.moved, moved);
  EXPECT_TRUE(flow.rate.is_waiting());
}

TEST(Throttle, TwoFlowsShareEvenly) {
  bench b;
  auto all = b.share(10'000'000);
  reader one(b, 0, &all);
  reader two(b, 0, &all);
  one.begin();
  b.last(333ms);
  const auto before = one.moved;
  two.begin();
  b.last(3s);
  EXPECT_NEAR(static_cast<double>(one.moved - before), 15'000'000, 300'000);
  EXPECT_NEAR(static_cast<double>(two.moved), 15'000'000, 300'000);
}

TEST(Throttle, FiftyFlowsOfTwoWorkersShareAndNoneWaitsLong) {
  bench first;
  bench second;
  second.now = first.now;
  auto all = first.share(1'250'000);
  std::list<reader> flows;
  for (int i = 0; i < 50; ++i) flows.emplace_back(i % 3 == 0 ? second : first, 0, &all).begin();
  for (int ms = 0; ms < 4000; ++ms) {
    first.pass(1ms);
    second.pass(1ms);
  }
  std::uint64_t total = 0;
  for (auto& each : flows) {
    EXPECT_NEAR(static_cast<double>(each.moved), 100'000, 30'000) << "the first had a longer turn";
    EXPECT_LE(each.longest, 150ms);
    total += each.moved;
  }
  EXPECT_NEAR(static_cast<double>(total), 5'000'000, 100'000);
}

TEST(Throttle, WhatOneDoesNotWantIsForTheOthers) {
  bench b;
  auto all = b.share(1'000'000);
  reader hungry(b, 0, &all);
  reader modest(b, 0, &all);
  modest.has = 0;
  hungry.begin();
  for (int ms = 0; ms < 4000; ms += 50) {
    modest.has += 5000;  // a tenth of the rate
    modest.begin();
    b.last(50ms);
  }
  EXPECT_NEAR(static_cast<double>(modest.moved), 400'000, 10'000);
  EXPECT_NEAR(static_cast<double>(hungry.moved), 3'600'000, 80'000);
}

TEST(Throttle, ItsOwnRateHoldsAmongOthers) {
  bench b;
  auto all = b.share(1'000'000);
  reader slow(b, 200'000, &all);
  reader fast(b, 0, &all);
  slow.begin();
  fast.begin();
  b.last(5s);
  EXPECT_NEAR(static_cast<double>(slow.moved), 1'000'000, 30'000);
  EXPECT_NEAR(static_cast<double>(fast.moved), 4'000'000, 80'000);
}

TEST(Throttle, WhoRestsOrGoesDoesNotCountAnyMore) {
  bench b;
  auto all = b.share(1'000'000);
  auto gone = std::make_unique<reader>(b, 0, &all);
  reader rests(b, 0, &all);
  gone->begin();
  rests.begin();
  EXPECT_EQ(all.flows(), 2U);
  gone.reset();
  EXPECT_EQ(all.flows(), 1U);
  rests.has = 0;
  b.last(200ms);
  EXPECT_EQ(all.flows(), 0U);
  EXPECT_LE(all.bucket.spent_ahead(b.now), 0ns) << "what it had booked went back";
}

}  // namespace
}  // namespace relay::pump
