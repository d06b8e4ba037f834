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
  to.learn(list({"1.2.3.4"}), at(0));
  EXPECT_TRUE(to.is_due(at(0)));
  EXPECT_FALSE(to.is_due(at(999)));
  EXPECT_TRUE(to.is_due(at(1000)));
}

TEST(Target, TakesTheFirstAddress) {
  target to;
  to.learn(list({"1.2.3.4", "5.6.7.8"}), at(0));
  EXPECT_EQ(to.address(), ip_address::parse("1.2.3.4"));
}

TEST(Target, StaysWhileTheNameStillStandsForItsAddress) {
  target to;
  to.learn(list({"1.2.3.4", "5.6.7.8"}), at(0));
  const auto before = to.version();
  to.learn(list({"5.6.7.8", "1.2.3.4"}), at(0));
  EXPECT_EQ(to.address(), ip_address::parse("1.2.3.4"));
  EXPECT_EQ(to.version(), before);
}

TEST(Target, FollowsTheNameToAnotherAddressOfAnyFamily) {
  target to;
  to.learn(list({"1.2.3.4"}), at(0));
  const auto before = to.version();
  to.learn(list({"2001:db8::1"}), at(0));
  EXPECT_EQ(to.address(), ip_address::parse("2001:db8::1"));
  EXPECT_NE(to.version(), before);
}

TEST(Target, KeepsItsAddressWhenThereIsNoUsableOneAnyMore) {
  target to;
  to.learn(list({"1.2.3.4"}), at(0));
  to.learn({}, at(0));
  EXPECT_EQ(to.address(), ip_address::parse("1.2.3.4"));
}

TEST(Target, AnAddressThatFailsIsLeftForTheNext) {
  target to;
  to.learn(list({"1.2.3.4", "2001:db8::1", "5.6.7.8"}), at(0));
  const auto before = to.version();
  EXPECT_TRUE(to.failed(at(0)));
  EXPECT_EQ(to.address(), ip_address::parse("2001:db8::1"));
  EXPECT_NE(to.version(), before);
  EXPECT_TRUE(to.failed(at(0)));
  EXPECT_EQ(to.address(), ip_address::parse("5.6.7.8"));
}

TEST(Target, TheOnlyAddressIsNeverLeft) {
  target literal(ip_address::parse("1.2.3.4"));
  EXPECT_FALSE(literal.failed(at(0)));
  EXPECT_EQ(literal.version(), 0U);
  target name;
  EXPECT_FALSE(name.failed(at(0)));
  name.learn(list({"1.2.3.4"}), at(0));
  EXPECT_FALSE(name.failed(at(0)));
  EXPECT_EQ(name.address(), ip_address::parse("1.2.3.4"));
}

TEST(Target, WhereAllFailTheyTakeTurnsOnceASecond) {
  target to;
  to.learn(list({"1.2.3.4", "5.6.7.8"}), at(0));
  EXPECT_TRUE(to.failed(at(0)));
  EXPECT_FALSE(to.failed(at(10)));
  EXPECT_FALSE(to.failed(at(999)));
  EXPECT_TRUE(to.failed(at(1000)));
  EXPECT_EQ(to.address(), ip_address::parse("1.2.3.4"));
  int moves = 0;
  for (int now = 1'010; now < 100'000; now += 10) moves += to.failed(at(now)) ? 1 : 0;
  EXPECT_GT(moves, 50);
  EXPECT_LT(moves, 110);
}

TEST(Target, ANameIsAskedPastTheCacheOnceASecond) {
  target to;
  EXPECT_TRUE(to.may_ask_anew(at(0)));
  EXPECT_FALSE(to.may_ask_anew(at(999)));
  EXPECT_TRUE(to.may_ask_anew(at(1000)));
  EXPECT_FALSE(target(ip_address::parse("1.2.3.4")).may_ask_anew(at(0)));
}

TEST(Target, TheFirstChoiceIsTriedAgainAfterAWhileThatDoubles) {
  target to;
  to.learn(list({"1.2.3.4", "5.6.7.8"}), at(0));
  auto now = 0;
  for (const auto pause : {1000, 2000, 4000}) {
    EXPECT_TRUE(to.failed(at(now)));
    EXPECT_TRUE(to.is_due(at(now + pause - 1)));
    EXPECT_EQ(to.address(), ip_address::parse("5.6.7.8"));
    now += pause + 1000;  // it is looked at once a second
    EXPECT_TRUE(to.is_due(at(now)));
    EXPECT_EQ(to.address(), ip_address::parse("1.2.3.4"));
  }
}

TEST(Target, AnAddressThatAnswersIsKept) {
  target to;
  to.learn(list({"1.2.3.4", "5.6.7.8"}), at(0));
  EXPECT_TRUE(to.failed(at(0)));
  to.heard(at(10));
  EXPECT_TRUE(to.is_due(at(60'000)));
  EXPECT_EQ(to.address(), ip_address::parse("5.6.7.8"));
  EXPECT_TRUE(to.failed(at(60'000)));
  EXPECT_EQ(to.address(), ip_address::parse("1.2.3.4"));
}

TEST(Target, AnotherOrderOfTheNameChangesNothingForOneThatHasMoved) {
  target to;
  to.learn(list({"1.2.3.4", "5.6.7.8"}), at(0));
  EXPECT_TRUE(to.failed(at(0)));
  const auto version = to.version();
  to.learn(list({"9.9.9.9", "5.6.7.8", "1.2.3.4"}), at(100));
  EXPECT_TRUE(to.is_due(at(500)));
  EXPECT_EQ(to.version(), version);
  EXPECT_EQ(to.address(), ip_address::parse("5.6.7.8"));
}

TEST(Target, WhereItHasJustBeenIsRememberedForAMoment) {
  target to;
  to.learn(list({"1.2.3.4"}), at(0));
  EXPECT_FALSE(to.was_at(*ip_address::parse("0.0.0.0"), at(0)));
  to.learn(list({"5.6.7.8"}), at(0));
  EXPECT_TRUE(to.was_at(*ip_address::parse("1.2.3.4"), at(4999)));
  EXPECT_FALSE(to.was_at(*ip_address::parse("1.2.3.4"), at(5000)));
  EXPECT_FALSE(to.was_at(*ip_address::parse("9.9.9.9"), at(0)));
}

TEST(Target, WhereDatagramsGoOneWayOnlyTheNameIsAskedAnewAndThenMoreSeldom) {
  target to;
  to.learn(list({"1.2.3.4"}), at(0));
  EXPECT_FALSE(to.is_silent(at(0)));
  EXPECT_FALSE(to.is_silent(at(4999)));
  EXPECT_TRUE(to.is_silent(at(5000)));
  EXPECT_FALSE(to.is_silent(at(14'999)));
  EXPECT_TRUE(to.is_silent(at(15'000)));
  to.heard(at(20'000));
  EXPECT_FALSE(to.is_silent(at(60'000)));
  EXPECT_TRUE(to.is_silent(at(65'000)));
}

}  // namespace
}  // namespace relay::forward
