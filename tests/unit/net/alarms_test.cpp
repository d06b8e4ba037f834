#include <relay/net/alarms.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace relay::net {
namespace {

using namespace std::chrono_literals;
using clock = alarms::clock;

struct ringing final : alarm {
  void due() override {
    ++times;
    if (then) then();
  }
  int times = 0;
  std::function<void()> then;
};

/// Time is moved by hand; the kernel's timer, set for times far away, never runs out.
struct bench {
  clock::time_point now{std::chrono::ceil<std::chrono::hours>(clock::now() + 1h)};
  poller events{[] {}};
  alarms list{events, [this] { return now; }};
  void pass(clock::duration time) {
    now += time;
    list.ring();
  }
};

TEST(Alarms, RingInTheOrderOfTheirMomentsAndNeverEarly) {
  bench b;
  ringing first;
  ringing second;
  std::vector<int> order;
  first.then = [&] { order.push_back(1); };
  second.then = [&] { order.push_back(2); };
  b.list.set(second, b.now + 7ms);
  b.list.set(first, b.now + 3ms);
  b.pass(2999us);
  EXPECT_TRUE(order.empty());
  b.pass(1us);
  EXPECT_EQ(order, std::vector{1});
  EXPECT_FALSE(first.is_set());
  EXPECT_TRUE(second.is_set());
  b.pass(10ms);
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(Alarms, ThoseOfOneMillisecondRingTogether) {
  bench b;
  ringing first;
  ringing second;
  b.list.set(first, b.now + 1100us);
  b.list.set(second, b.now + 1900us);
  b.pass(1999us);
  EXPECT_EQ(first.times + second.times, 0);
  b.pass(1us);
  EXPECT_EQ(first.times + second.times, 2);
}

TEST(Alarms, CanBeMovedAndUnset) {
  bench b;
  ringing moved;
  ringing gone;
  {
    ringing destroyed;
    b.list.set(destroyed, b.now + 1ms);
  }
  b.list.set(moved, b.now + 1ms);
  b.list.set(moved, b.now + 5ms);
  b.list.set(gone, b.now + 1ms);
  gone.unset();
  b.pass(4ms);
  EXPECT_EQ(moved.times, 0);
  b.pass(1ms);
  EXPECT_EQ(moved.times, 1);
  EXPECT_EQ(gone.times, 0);
}

TEST(Alarms, MayBeSetAgainOrDestroyEachOtherWhileTheyRing) {
  bench b;
  ringing again;
  again.then = [&] {
    if (again.times < 3) b.list.set(again, b.now);
  };
  auto victim = std::make_unique<ringing>();
  ringing killer;
  killer.then = [&] { victim.reset(); };
  b.list.set(killer, b.now + 1ms);
  b.list.set(*victim, b.now + 2ms);
  b.list.set(again, b.now + 2ms);
  b.pass(2ms);
  EXPECT_EQ(again.times, 3);
  EXPECT_EQ(killer.times, 1);
  EXPECT_FALSE(victim);
}

TEST(Alarms, TheKernelWakesThePollerForEachInTurn) {
  poller events([] {});
  alarms list(events);
  ringing once;
  ringing later;
  const auto began = clock::now();
  list.set(later, began + 4ms);
  list.set(once, began + 1ms);  // earlier than what the timer was set for
  while (once.times == 0) ASSERT_TRUE(events.turn(10s));
  EXPECT_GE(clock::now() - began, 1ms);
  while (later.times == 0) ASSERT_TRUE(events.turn(10s));
  EXPECT_GE(clock::now() - began, 4ms);
  list.set(once, clock::now());
  while (once.times == 1) ASSERT_TRUE(events.turn(10s)) << "after a pause too";
}

}  // namespace
}  // namespace relay::net
