#include <relay/forward/target.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

using std::chrono::milliseconds;
using clock = target::clock;

std::vector<ip_address> list(std::initializer_list<const char*> texts) {
  std::vector<ip_address> made;
  for (const auto* text : texts) made.push_back(*ip_address::parse(text));
  return made;
}

clock::time_point at(int ms) { return clock::time_point(std::chrono::hours(1) + milliseconds(ms)); }

TEST(Target, ALiteralIsKnownAndNeverLookedUp) {
  target to(ip_address::parse("1.2.3.4"));
  EXPECT_EQ(to.address(), ip_address::parse("1.2.3.4"));
  EXPECT_FALSE(to.is_due(at(0)));
  EXPECT_FALSE(to.is_due(at(1'000'000)));
}

TEST(Target, ANameIsDueAtOnceAndOftenWhileItHasNoAddress) {
  target to;
  EXPECT_TRUE(to.is_due(at(0)));
  EXPECT_FALSE(to.is_due(at(99)));
  EXPECT_TRUE(to.is_due(at(100)));
}

TEST(Target, AKnownNameIsDueOnceASecond) {
  target to;
  to.learn(list({"1.2.3.4"}));
  EXPECT_TRUE(to.is_due(at(0)));
  EXPECT_FALSE(to.is_due(at(999)));
  EXPECT_TRUE(to.is_due(at(1000)));
}

TEST(Target, TakesTheFirstAddress) {
  target to;
  to.learn(list({"1.2.3.4", "5.6.7.8"}));
  EXPECT_EQ(to.address(), ip_address::parse("1.2.3.4"));
}

TEST(Target, StaysWhileTheNameStillStandsForItsAddress) {
  target to;
  to.learn(list({"1.2.3.4", "5.6.7.8"}));
  const auto before = to.version();
  to.learn(list({"5.6.7.8", "1.2.3.4"}));
  EXPECT_EQ(to.address(), ip_address::parse("1.2.3.4"));
  EXPECT_EQ(to.version(), before);
}

TEST(Target, FollowsTheNameToAnotherAddressOfAnyFamily) {
  target to;
  to.learn(list({"1.2.3.4"}));
  const auto before = to.version();
  to.learn(list({"2001:db8::1"}));
  EXPECT_EQ(to.address(), ip_address::parse("2001:db8::1"));
  EXPECT_NE(to.version(), before);
}

TEST(Target, KeepsItsAddressWhenThereIsNoUsableOneAnyMore) {
  target to;
  to.learn(list({"1.2.3.4"}));
  to.learn({});
  EXPECT_EQ(to.address(), ip_address::parse("1.2.3.4"));
}

}  // namespace
}  // namespace relay::forward
