#include <relay/balance/plan.hpp>

#include <gtest/gtest.h>

namespace relay::balance {
namespace {

using weights = std::vector<std::uint8_t>;

TEST(Balance, ReadsStrategyAndWeights) {
  const std::tuple<const char*, strategy, weights> cases[] = {
      {"roundrobin: 4, 2, 1", strategy::roundrobin, {4, 2, 1}},
      {" iphash : 0,255 ,", strategy::iphash, {0, 255}},
      {"off:", strategy::off, {}},
      {"off: 1, 2", strategy::off, {1, 2}},
      {"roundrobin:", strategy::roundrobin, {}},
      {"iphash:1:2,3", strategy::iphash, {3}},
  };
  for (const auto& [text, by, expected] : cases) {
    const auto read = read_balance(text);
    EXPECT_TRUE(read.is_known && read.has_colon) << text;
    EXPECT_EQ(read.by, by) << text;
    EXPECT_EQ(read.weights, expected) << text;
  }
}

TEST(Balance, DropsWhatIsNoWeight) {
  const auto read = read_balance("roundrobin: 1, -1, 256, x, 2.5, , +3, 7");
  EXPECT_EQ(read.weights, (weights{1, 7}));
  EXPECT_EQ(read.dropped, (std::vector<std::string_view>{"-1", "256", "x", "2.5", "+3"}));
}

TEST(Balance, SaysWhatIsWrong) {
  EXPECT_FALSE(read_balance("RoundRobin: 1").is_known);
  EXPECT_EQ(read_balance("RoundRobin: 1").name, "RoundRobin");
  EXPECT_FALSE(read_balance("").is_known);
  EXPECT_FALSE(read_balance("off").has_colon);
  for (const auto* text : {"", "random: 1, 2", ":"}) {
    EXPECT_EQ(read_balance(text).by, strategy::off) << text;
  }
}

TEST(Balance, NamesItsStrategies) {
  for (const auto* name : {"off", "roundrobin", "iphash"}) {
    EXPECT_EQ(to_string(read_balance(std::string(name) + ":").by), name);
  }
}

}  // namespace
}  // namespace relay::balance
