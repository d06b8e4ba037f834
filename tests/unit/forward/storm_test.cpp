#include <relay/forward/storm.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;

const storm::clock::time_point start{};
const storm::key refused{false, "a:443", "connecting", "connection refused"};
const storm::key timed_out{false, "a:443", "connecting", "timed out"};

TEST(Storm, WritesTheFirstAtOnceAndCountsTheRest) {
  storm s;
  EXPECT_TRUE(s.record(refused, start));
  for (int i = 0; i < 99; ++i) EXPECT_FALSE(s.record(refused, start + 1s));
  EXPECT_TRUE(s.due(start + 9s).empty());
  const auto due = s.due(start + 10s);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].what, refused);
  EXPECT_EQ(due[0].times, 99U);
  EXPECT_EQ(due[0].during, 10s);
}

TEST(Storm, KeepsKindsApart) {
  storm s;
  EXPECT_TRUE(s.record(refused, start));
  EXPECT_TRUE(s.record(timed_out, start));
  auto other = refused;
  other.endpoint = "b:443";
  EXPECT_TRUE(s.record(other, start));
  other.phase = "resolving";
  EXPECT_TRUE(s.record(other, start));
  other.warning = true;
  EXPECT_TRUE(s.record(other, start));
}

TEST(Storm, GoesOnCountingWhileItLasts) {
  storm s;
  s.record(refused, start);
  s.record(refused, start + 5s);
  EXPECT_EQ(s.due(start + 10s).size(), 1U);
  EXPECT_FALSE(s.record(refused, start + 12s)) << "still the same storm";
  EXPECT_TRUE(s.due(start + 15s).empty());
  EXPECT_EQ(s.due(start + 20s)[0].times, 1U);
}

TEST(Storm, TheRestIsToldAtTheEndWithItsTrueTime) {
  storm s;
  s.record(refused, start);
  s.record(refused, start + 1s);
  const auto rest = s.rest(start + 2500ms);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].times, 1U);
  EXPECT_EQ(rest[0].during, 3s);
  EXPECT_TRUE(s.rest(start + 3s).empty());
}

TEST(Storm, IsForgottenAfterAQuietWindow) {
  storm s;
  s.record(refused, start);
  EXPECT_FALSE(s.empty());
  EXPECT_TRUE(s.due(start + 10s).empty()) << "nothing was held back";
  EXPECT_TRUE(s.empty());
  EXPECT_TRUE(s.record(refused, start + 11s));
}

}  // namespace
}  // namespace relay::forward
