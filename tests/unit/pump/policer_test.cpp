#include <relay/pump/policer.hpp>

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace relay::pump {
namespace {

using namespace std::chrono_literals;
using clock = policer::clock;
const clock::time_point start{1h};
const std::vector<std::byte> bytes(65'507);

datagram_run run(std::size_t count, std::size_t size) {
  return {std::span(bytes).first(count * size), size};
}

/// Datagrams of a flow that sends `per_second` of them for so long, evenly.
struct sender {
  policer gate;
  std::size_t size;
  std::uint64_t per_second;
  std::uint64_t sent = 0;
  std::uint64_t passed = 0;

  void send_until(clock::time_point now) {
    const auto due = static_cast<std::uint64_t>((now - start) / 1us) * per_second / 1'000'000;
    for (; sent < due; ++sent) passed += gate.admit(run(1, size), now);
  }
};

TEST(Policer, LetsABurstPassAndThenTheRate) {
  policer gate(1'000'000, nullptr, start);
  std::uint64_t passed = 0;
  for (int i = 0; i < 1000; ++i) passed += gate.admit(run(1, 1000), start);
  EXPECT_EQ(passed, 50U) << "50 ms of the rate";
  for (int ms = 1; ms <= 10'000; ++ms) {
    for (int i = 0; i < 3; ++i) passed += gate.admit(run(1, 1000), start + ms * 1ms);
  }
  EXPECT_NEAR(static_cast<double>(passed), 10'050, 1);
}

TEST(Policer, ALowRateStillLetsSomeDatagramsPassTogether) {
  policer gate(100'000, nullptr, start);
  std::uint64_t passed = 0;
  for (int i = 0; i < 100; ++i) passed += gate.admit(run(1, 1024), start);
  EXPECT_EQ(passed, 16U);
}

TEST(Policer, TheLargestDatagramPassesTheLowestRate) {
  policer gate(1, nullptr, start);
  EXPECT_EQ(gate.admit(run(1, 65'507), start), 1U);
  EXPECT_EQ(gate.admit(run(1, 1), start + 18h), 0U);
  EXPECT_EQ(gate.admit(run(1, 1), start + 19h), 1U);
}

TEST(Policer, CutsARunAndCountsWhatItDrops) {
  policer gate(1'000'000, nullptr, start);
  std::array runs{run(40, 1000), run(20, 1000), run(5, 1000)};
  std::uint64_t dropped = 0;
  const auto left = gate.admit(std::span(runs), start, dropped);
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].count(), 40U);
  EXPECT_EQ(left[1].bytes.size(), 10'000U) << "its first ones: the order stays";
  EXPECT_EQ(dropped, 15U);
}

TEST(Policer, TheShortLastOfARunIsPaidForWhatItIs) {
  policer gate(1'000'000, nullptr, start);
  const datagram_run odd{std::span(bytes).first(40'001), 20'000};  // 20,000 twice, and 1
  EXPECT_EQ(gate.admit(odd, start), 3U);
  EXPECT_EQ(gate.admit(run(1, 1), start + 1ms), 1U) << "40,001 of 50,000 are spent";
}

TEST(Policer, EmptyDatagramsPassWhileThereIsRoom) {
  policer gate(1000, nullptr, start);
  EXPECT_EQ(gate.admit({{}, 0}, start), 1U);
}

TEST(Policer, WhatTheSharedRateRefusesIsNotPaidForTwice) {
  shared_rate all(1'000'000, start);
  policer gate(1'000'000, &all, start);
  all.bucket.book(100'000, start, 0ns);
  EXPECT_EQ(gate.admit(run(10, 1000), start), 0U);
  EXPECT_EQ(gate.admit(run(50, 1000), start + 100ms), 50U) << "its own rate has room for all";
}

TEST(Policer, AFloodDoesNotStarveWhoSendsLessThanItsShare) {
  shared_rate all(1'000'000, start);
  sender flood{{0, &all, start}, 1000, 20'000};
  sender calm{{0, &all, start}, 200, 500};  // a tenth of the rate
  for (auto now = start; now < start + 5s; now += 100us) {
    flood.send_until(now);
    calm.send_until(now);
  }
  EXPECT_GE(calm.passed, calm.sent * 98 / 100);
  EXPECT_NEAR(static_cast<double>(flood.passed), 4500, 150);
}

TEST(Policer, FlowsThatWantMoreThanTheirShareHaveAboutAsMuch) {
  shared_rate all(1'000'000, start);
  sender a{{0, &all, start}, 1000, 5'000};
  sender b{{0, &all, start}, 1000, 10'000};
  sender c{{0, &all, start}, 500, 4'000};
  for (auto now = start; now < start + 5s; now += 100us) {
    a.send_until(now);
    b.send_until(now);
    c.send_until(now);
  }
  const auto total = a.passed * 1000 + b.passed * 1000 + c.passed * 500;
  EXPECT_NEAR(static_cast<double>(total), 5'050'000, 10'000);
  for (const auto share : {a.passed * 1000, b.passed * 1000, c.passed * 500}) {
    EXPECT_GT(share, 1'250'000U);
    EXPECT_LT(share, 2'200'000U);
  }
}

}  // namespace
}  // namespace relay::pump
