#include <relay/forward/flow_table.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <list>
#include <random>
#include <set>
#include <string>

namespace relay::forward {
namespace {

using clock = flow_table::clock;

socket_address address(const char* text) { return socket_address(*ip_endpoint::parse(text)); }

pump::own_address own(const char* text) {
  const auto address = *ip_address::parse(text);
  const auto bytes = address.bytes();
  pump::own_address made;
  std::ranges::copy(bytes, made.bytes.begin());
  made.size = static_cast<std::uint8_t>(bytes.size());
  return made;
}

flow_key key(const char* client) { return {address(client), {}, 0}; }

clock::time_point at(int ms) { return clock::time_point(std::chrono::milliseconds(ms)); }

TEST(FlowKey, TellsClientsApartByAddressAndPort) {
  EXPECT_EQ(key("1.2.3.4:5"), key("1.2.3.4:5"));
  EXPECT_NE(key("1.2.3.4:5"), key("1.2.3.4:6"));
  EXPECT_NE(key("1.2.3.4:5"), key("1.2.3.5:5"));
  EXPECT_NE(key("[2001:db8::1]:5"), key("[2001:db8::2]:5"));
}

TEST(FlowKey, TellsApartWhichOfOurAddressesAClientUses) {
  const flow_key one(address("1.2.3.4:5"), own("10.0.0.1"), 0);
  const flow_key other(address("1.2.3.4:5"), own("10.0.0.2"), 0);
  EXPECT_NE(one, other);
}

TEST(FlowKey, TellsApartThePortsOfARange) {
  EXPECT_NE(flow_key(address("1.2.3.4:5"), {}, 0), flow_key(address("1.2.3.4:5"), {}, 1));
}

TEST(FlowKey, ALinkLocalClientIsAnotherOneOnEachLink) {
  EXPECT_NE(key("[fe80::1%1]:5"), key("[fe80::1%2]:5"));
}

TEST(FlowHash, DependsOnItsSeed) {
  const auto of = key("1.2.3.4:5");
  EXPECT_EQ(flow_hash(7)(of), flow_hash(7)(of));
  EXPECT_NE(flow_hash(7)(of), flow_hash(9)(of));
}

TEST(FlowHash, SpreadsNeighbours) {
  std::set<std::size_t> low_bits;
  const flow_hash hash(12345);
  for (int port = 0; port < 4096; ++port) {
    low_bits.insert(hash(key(("10.0.0.1:" + std::to_string(port)).c_str())) % 4096);
  }
  EXPECT_GT(low_bits.size(), 2300U);  // 2,589 of 4,096 is what chance gives
}

TEST(FlowTable, FindsWhatItHas) {
  flow_table table(1);
  flow one(key("1.2.3.4:5"));
  flow other(key("1.2.3.4:6"));
  table.insert(one, at(0));
  table.insert(other, at(0));
  EXPECT_EQ(table.find(key("1.2.3.4:5")), &one);
  EXPECT_EQ(table.find(key("1.2.3.4:6")), &other);
  EXPECT_EQ(table.find(key("1.2.3.4:7")), nullptr);
  table.erase(one);
  EXPECT_EQ(table.find(key("1.2.3.4:5")), nullptr);
  EXPECT_EQ(table.size(), 1U);
  table.erase(other);
}

TEST(FlowTable, TheOldestIsWhoWasNotUsedForLongest) {
  flow_table table(1);
  flow a(key("1.2.3.4:1"));
  flow b(key("1.2.3.4:2"));
  flow c(key("1.2.3.4:3"));
  EXPECT_EQ(table.oldest(), nullptr);
  for (auto* each : {&a, &b, &c}) table.insert(*each, at(0));
  EXPECT_EQ(table.oldest(), &a);
  table.touch(a, at(10));
  EXPECT_EQ(table.oldest(), &b);
  table.touch(b, at(20));
  EXPECT_EQ(table.oldest(), &c);
  EXPECT_EQ(table.most_dispensable(), &c);
  EXPECT_EQ(table.most_dispensable(&c), &a);
  for (auto* each : {&a, &b, &c}) table.erase(*each);
}

TEST(FlowTable, NobodyMakesRoomForItself) {
  flow_table table(1);
  flow a(key("1.2.3.4:1"));
  EXPECT_EQ(table.most_dispensable(), nullptr);
  table.insert(a, at(0));
  EXPECT_EQ(table.most_dispensable(&a), nullptr);
  table.assure(a);
  EXPECT_EQ(table.most_dispensable(&a), nullptr);
  EXPECT_EQ(table.most_dispensable(), &a);
  table.erase(a);
}

TEST(FlowTable, TheAssuredGoLast) {
  flow_table table(1);
  flow a(key("1.2.3.4:1"));
  flow b(key("1.2.3.4:2"));
  flow c(key("1.2.3.4:3"));
  for (auto* each : {&a, &b, &c}) table.insert(*each, at(0));
  table.assure(a);
  EXPECT_EQ(table.most_dispensable(), &b);
  table.touch(b, at(10));
  EXPECT_EQ(table.most_dispensable(), &c);
  EXPECT_EQ(table.most_dispensable(&c), &b);
  table.erase(b);
  EXPECT_EQ(table.most_dispensable(&c), &a);
  table.erase(c);
  EXPECT_EQ(table.most_dispensable(), &a);
  table.erase(a);
  EXPECT_EQ(table.most_dispensable(), nullptr);
}

TEST(FlowTable, TheAssuredEndInTheOrderOfTheirUseAmongTheOthers) {
  flow_table table(1);
  flow a(key("1.2.3.4:1"));
  flow b(key("1.2.3.4:2"));
  table.insert(a, at(0));
  table.insert(b, at(10));
  table.assure(a);
  table.assure(a);  // once is enough
  EXPECT_EQ(table.oldest(), &a);
  table.touch(a, at(20));
  EXPECT_EQ(table.oldest(), &b);
  table.erase(b);
  EXPECT_EQ(table.oldest(), &a);
  table.erase(a);
  EXPECT_EQ(table.oldest(), nullptr);
}

TEST(FlowTable, WhoComesBackIsNotAssuredAnyMore) {
  flow_table table(1);
  flow a(key("1.2.3.4:1"));
  flow b(key("1.2.3.4:2"));
  table.insert(a, at(0));
  table.assure(a);
  table.erase(a);
  table.insert(b, at(1));
  table.assure(b);
  table.insert(a, at(2));
  EXPECT_EQ(table.most_dispensable(), &a);
  table.erase(a);
  table.erase(b);
}

// Against a plain list in the order of use; being assured does not change that order.
TEST(FlowTable, KeepsItsOrderThroughRandomUse) {
  std::mt19937 random(7);
  flow_table table(random());
  std::deque<flow> all;
  std::list<flow*> expected;
  for (int i = 0; i < 5000; ++i) {
    const auto now = at(i);
    const auto what = random() % 5;
    if (what == 0 || expected.empty()) {
      auto& made = all.emplace_back(key(("10.0.0.1:" + std::to_string(i)).c_str()));
      table.insert(made, now);
      expected.push_back(&made);
    } else {
      auto it = std::next(expected.begin(), static_cast<long>(random() % expected.size()));
      auto* const chosen = *it;
      expected.erase(it);
      if (what == 1) {
        table.erase(*chosen);
      } else {
        table.touch(*chosen, now);
        if (what == 2) table.assure(*chosen);
        expected.push_back(chosen);
      }
    }
    ASSERT_EQ(table.size(), expected.size());
    ASSERT_EQ(table.oldest(), expected.empty() ? nullptr : expected.front());
    const auto found = std::ranges::find(expected, false, &flow::is_assured);
    auto* const first = expected.empty() ? nullptr : expected.front();
    ASSERT_EQ(table.most_dispensable(), found == expected.end() ? first : *found);
  }
  for (auto* each : expected) {
    EXPECT_EQ(table.find(each->key), each);
    table.erase(*each);
  }
}

}  // namespace
}  // namespace relay::forward
