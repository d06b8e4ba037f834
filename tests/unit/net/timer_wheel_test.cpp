#include <relay/net/timer_wheel.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace relay::net {
namespace {

using namespace std::chrono_literals;

struct counting final : timer {
  void expired() override {
    ++times;
    if (then) then();
  }
  int times = 0;
  std::function<void()> then;
};

/// A wheel whose time is moved by hand.
struct bench {
  std::uint32_t clock = 0;
  int starts = 0;
  timer_wheel wheel{[this] {
    ++starts;
    return clock;
  }};
  bool pass(std::uint32_t ticks) { return wheel.advance(clock += ticks); }
};

TEST(TimerWheel, ExpiresNeverEarlyAndAtMostTwoTicksLate) {
  for (const auto limit : {1ms, 99ms, 100ms, 101ms, 1000ms, 25600ms, 60000ms}) {
    bench b;
    counting t;
    b.wheel.arm(t, limit);
    const auto ticks = static_cast<std::uint32_t>((limit + 99ms) / 100ms);
    for (std::uint32_t i = 0; i < ticks; ++i) {
      b.pass(1);
      EXPECT_EQ(t.times, 0) << limit.count() << " ms after " << i + 1 << " ticks";
    }
    b.pass(1);
    EXPECT_EQ(t.times, 1) << limit.count();
    EXPECT_FALSE(t.is_armed());
  }
}

TEST(TimerWheel, RearmingMovesTheLimitAndDisarmingTakesItAway) {
  bench b;
  counting moved;
  counting gone;
  b.wheel.arm(moved, 100ms);
  b.wheel.arm(gone, 100ms);
  b.wheel.arm(moved, 1000ms);
  gone.disarm();
  b.pass(5);
  EXPECT_EQ(moved.times + gone.times, 0);
  b.pass(10);
  EXPECT_EQ(moved.times, 1);
  EXPECT_EQ(gone.times, 0);
}

TEST(TimerWheel, PausesWhenEmptyAndStartsAgainWithTheNextTimer) {
  bench b;
  counting t;
  b.wheel.arm(t, 100ms);
  EXPECT_EQ(b.starts, 1);
  EXPECT_TRUE(b.pass(1));
  EXPECT_FALSE(b.pass(1));
  b.clock += 100'000;  // nobody advances it meanwhile
  b.wheel.arm(t, 100ms);
  EXPECT_EQ(b.starts, 2);
  EXPECT_TRUE(b.pass(1));
  EXPECT_EQ(t.times, 1);
  b.pass(1);
  EXPECT_EQ(t.times, 2);
}

TEST(TimerWheel, CatchesUpAfterALongStop) {
  bench b;
  counting soon;
  counting later;
  b.wheel.arm(soon, 300ms);
  b.wheel.arm(later, 1h);
  b.pass(5000);
  EXPECT_EQ(soon.times, 1);
  EXPECT_EQ(later.times, 0);
  b.pass(36'000);
  EXPECT_EQ(later.times, 1);
}

TEST(TimerWheel, WorksAcrossTheWrapOfTheTickCounter) {
  bench b;
  b.clock = UINT32_MAX - 2;
  counting t;
  b.wheel.arm(t, 500ms);
  for (int i = 0; i < 5; ++i) b.pass(1);
  EXPECT_EQ(t.times, 0);
  b.pass(1);
  EXPECT_EQ(t.times, 1);
}

TEST(TimerWheel, AnExpiryMayArmAgainOrDestroyOthers) {
  bench b;
  counting again;
  auto victim = std::make_unique<counting>();
  again.then = [&] {
    victim.reset();
    if (again.times == 1) b.wheel.arm(again, 100ms);
  };
  b.wheel.arm(again, 100ms);
  b.wheel.arm(*victim, 100ms);
  b.pass(2);
  EXPECT_EQ(victim, nullptr);
  b.pass(2);
  EXPECT_EQ(again.times, 2);
}

/// A wheel whose ticks may come late: its owner's time goes on meanwhile.
struct late_bench {
  std::chrono::milliseconds time{0};
  timer_wheel wheel{[this] { return tick(); }, [this] { return time; }};

  std::uint32_t tick() const { return static_cast<std::uint32_t>(time / timer_wheel::tick); }
  void pass(std::chrono::milliseconds by) { time += by; }
  void advance() { wheel.advance(tick()); }
};

TEST(TimerWheel, IsNotEarlyWhenTicksComeLate) {
  for (const auto late : {0ms, 1ms, 67ms, 99ms, 250ms}) {
    for (const auto limit : {1ms, 100ms, 150ms, 1000ms}) {
      late_bench b;
      counting keeps_it_running;
      counting t;
      b.wheel.arm(keeps_it_running, 1h);
      b.pass(late);
      const auto armed = b.time;
      b.wheel.arm(t, limit);
      while (t.times == 0 && b.time < 1min) {
        b.pass(10ms);
        if (b.time.count() % 100 < 10) b.advance();
      }
      EXPECT_GE(b.time - armed, limit) << late.count();
      EXPECT_LE(b.time - armed, limit + 2 * timer_wheel::tick) << late.count();
    }
  }
}

TEST(TimerWheel, TellsHowLongSomethingWasAgoAtLeast) {
  late_bench b;
  counting keeps_it_running;
  b.wheel.arm(keeps_it_running, 100h);
  b.pass(1050ms);  // the ticks of this time have not come yet
  const auto then = b.wheel.note();
  EXPECT_EQ(b.wheel.since(then), 0ms);
  b.advance();
  EXPECT_EQ(b.wheel.since(then), 0ms) << "ahead of the tick";
  b.pass(950ms);
  b.advance();
  EXPECT_EQ(b.wheel.since(then), 950ms);
  b.pass(48h);
  b.advance();
  EXPECT_EQ(b.wheel.since(then), 48h + 950ms);
}

TEST(TimerWheel, WhatOneTimerThrowsEndsNoOther) {
  bench b;
  std::string told;
  b.wheel.on_fault([&told](const std::exception& e) { told += e.what(); });
  counting broken;
  counting other;
  broken.then = [] { throw std::runtime_error("broken"); };
  b.wheel.arm(broken, 100ms);
  b.wheel.arm(other, 100ms);
  EXPECT_FALSE(b.pass(3)) << "none is left";
  EXPECT_EQ(other.times, 1);
  EXPECT_EQ(told, "broken");
}

TEST(TimerWheel, WhoeverCannotStartItsTicksIsAskedAgain) {
  bool fails = true;
  timer_wheel wheel([&fails]() -> std::uint32_t {
    if (fails) throw std::bad_alloc();
    return 7;
  });
  counting t;
  EXPECT_THROW(wheel.arm(t, 100ms), std::bad_alloc);
  EXPECT_FALSE(t.is_armed());
  fails = false;
  wheel.arm(t, 100ms);
  wheel.advance(9);
  EXPECT_EQ(t.times, 1);
}

}  // namespace
}  // namespace relay::net
