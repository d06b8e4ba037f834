#include <relay/balance/round_robin.hpp>

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <string>

namespace relay::balance {
namespace {

using open_ones = std::vector<bool>;

std::string sequence(round_robin& of, const open_ones& open, int count) {
  std::string made;
  for (int i = 0; i < count; ++i) {
    const auto next = of.next(open);
    made += next ? std::to_string(*next) : "-";
  }
  return made;
}

round_robin with(std::vector<std::uint32_t> weights) { return round_robin(weights); }

TEST(RoundRobin, IsTheSmoothSequence) {
  struct row {
    std::vector<std::uint32_t> weights;
    std::string expected;
  };
  const row cases[] = {
      {{5, 1, 1}, "0010200"}, {{4, 2, 1}, "0102010"}, {{1, 1, 1}, "012"}, {{3, 2}, "01010"},
      {{1, 2}, "101"},        {{1, 0, 2}, "202"},     {{255, 1}, ""},     {{7}, "0"},
      {{2, 2, 2, 2}, "0123"},
  };
  for (const auto& [weights, expected] : cases) {
    auto made = with(weights);
    const open_ones all(weights.size(), true);
    for (int round = 0; round < 3; ++round) {
      EXPECT_EQ(sequence(made, all, static_cast<int>(expected.size())), expected);
    }
  }
}

TEST(RoundRobin, HasNothingWhenNobodyIsOpen) {
  auto made = with({1, 2});
  EXPECT_EQ(made.next({false, false}), std::nullopt);
  EXPECT_EQ(with({0, 1}).next({true, false}), std::nullopt) << "no weight";
}

TEST(RoundRobin, TheOthersShareSmoothlyWhileOneIsClosed) {
  auto made = with({5, 1, 1});
  EXPECT_EQ(sequence(made, {true, false, true}, 12), "000200000200");
  auto even = with({1, 1, 1});
  EXPECT_EQ(sequence(even, {false, true, true}, 4), "1212");
}

TEST(RoundRobin, WhoComesBackIsNeitherFloodedNorStarved) {
  auto made = with({1, 1, 1});
  sequence(made, {true, true, true}, 3);
  sequence(made, {true, false, true}, 1001);
  EXPECT_EQ(sequence(made, {true, true, true}, 9).find("11"), std::string::npos);
  std::map<char, int> seen;
  for (const char each : sequence(made, {true, true, true}, 300)) ++seen[each];
  EXPECT_EQ(seen['1'], 100);
}

TEST(RoundRobin, EveryRoundHasTheWeightsExactly) {
  std::mt19937 dice(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::uint32_t> weights(1 + dice() % 8);
    std::uint32_t total = 0;
    for (auto& each : weights) total += each = dice() % 256;
    auto made = with(weights);
    std::vector<std::uint32_t> seen(weights.size());
    for (std::uint32_t i = 0; i < total; ++i) ++seen[*made.next(open_ones(weights.size(), true))];
    EXPECT_EQ(seen, weights);
  }
}

TEST(RoundRobin, KeepsToTheSharesWhileSomeComeAndGo) {
  std::mt19937 dice(11);
  const std::vector<std::uint32_t> weights{5, 3, 2, 1};
  auto made = with(weights);
  std::array<double, 4> seen{};
  std::array<double, 4> due{};
  for (int i = 0; i < 100'000; ++i) {
    open_ones open{dice() % 4 != 0, dice() % 2 == 0, true, dice() % 3 == 0};
    double total = 0;
    for (std::size_t k = 0; k < 4; ++k) total += open[k] ? weights[k] : 0;
    for (std::size_t k = 0; k < 4; ++k) due[k] += open[k] ? weights[k] / total : 0;
    const auto next = made.next(open);
    ASSERT_TRUE(next && open[*next]);
    ++seen[*next];
  }
  for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(seen[k], due[k], due[k] * 0.05) << k;
}

}  // namespace
}  // namespace relay::balance
