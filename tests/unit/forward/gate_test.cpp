#include <relay/forward/gate.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;

constexpr gate::clock::time_point start{1h};

TEST(Gate, HasRoomUpToItsLimit) {
  gate made("x", 2);
  made.enter();
  EXPECT_TRUE(made.has_room());
  made.enter();
  EXPECT_FALSE(made.has_room());
  made.leave();
  EXPECT_TRUE(made.has_room());
}

TEST(Gate, WithoutALimitThereIsAlwaysRoom) {
  gate made("x", 0);
  for (int i = 0; i < 1000; ++i) made.enter();
  EXPECT_TRUE(made.has_room());
  EXPECT_FALSE(made.is_limited());
}

TEST(Gate, WhoLeavesLearnsOnceThatSomebodyWaits) {
  gate made("x", 2);
  made.enter();
  made.enter();
  made.refuse(start);
  made.refuse(start);
  EXPECT_TRUE(made.leave());
  EXPECT_FALSE(made.leave());
}

TEST(Gate, SaysThatItBitesOncePerSpell) {
  gate made("x", 1);
  made.enter();
  EXPECT_TRUE(made.refuse(start));
  auto now = start;
  for (int i = 0; i < 100; ++i) {  // one in, one out, and always somebody who waits
    now += 9s;
    made.leave();
    EXPECT_FALSE(made.has_calmed_down(now));
    made.enter();
    EXPECT_FALSE(made.refuse(now));
  }
  EXPECT_FALSE(made.has_calmed_down(now + 9s));
  EXPECT_TRUE(made.has_calmed_down(now + 10s));
  EXPECT_FALSE(made.has_calmed_down(now + 20s)) << "said once";
  EXPECT_TRUE(made.refuse(now + 30s)) << "a new spell";
}

TEST(Gate, AnotherLimitHoldsForThoseWhoAreInside) {
  gate made("x", 0);
  for (int i = 0; i < 3; ++i) made.enter();
  made.change_limit(2);
  EXPECT_FALSE(made.has_room());
  made.leave_quietly();
  EXPECT_FALSE(made.has_room());
  made.leave();
  EXPECT_TRUE(made.has_room());
  made.change_limit(0);
  for (int i = 0; i < 3; ++i) made.enter();
  EXPECT_TRUE(made.has_room());
}

}  // namespace
}  // namespace relay::forward
