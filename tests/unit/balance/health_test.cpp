#include <relay/balance/health.hpp>

#include <gtest/gtest.h>

namespace relay::balance {
namespace {

using namespace std::chrono_literals;
using event = health::event;

/// A remote whose time is moved by hand.
struct bench {
  event fail(bool trial = false) { return state.failed(state.period(), trial, now, noise).what; }
  event succeed() { return state.succeeded(state.period(), now).what; }
  void put_aside() {
    fail();
    ASSERT_EQ(fail(), event::put_aside);
  }
  /// Whether it may be tried after this time and not a millisecond before.
  bool is_due_after(std::chrono::milliseconds time) {
    return !state.may_be_tried(now + time - 1ms) && state.may_be_tried(now + time);
  }
  event try_again_and_fail() {
    now = state.until();
    EXPECT_TRUE(state.may_be_tried(now));
    state.begin_trial();
    return fail(true);
  }

  health state;
  health::time_point now{1h};
  double noise = 0;
};

TEST(Health, TwoFailuresInARowPutItAside) {
  bench b;
  EXPECT_TRUE(b.state.is_beyond_doubt());
  EXPECT_EQ(b.fail(), event::none);
  EXPECT_TRUE(b.state.is_up());
  EXPECT_FALSE(b.state.is_beyond_doubt());
  const auto change = b.state.failed(b.state.period(), false, b.now, 0);
  EXPECT_EQ(change.what, event::put_aside);
  EXPECT_EQ(change.time, 1s);
  EXPECT_FALSE(b.state.is_up());
  EXPECT_TRUE(b.is_due_after(1s));
}

TEST(Health, ASuccessBetweenFailuresCounts) {
  bench b;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(b.fail(), event::none);
    EXPECT_EQ(b.succeed(), event::none);
  }
  EXPECT_TRUE(b.state.is_beyond_doubt());
}

TEST(Health, EachFailedTrialDoublesTheTimeUpToAMinute) {
  bench b;
  b.put_aside();
  for (const auto seconds : {2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}) {
    b.now = b.state.until();
    b.state.begin_trial();
    const auto change = b.state.failed(b.state.period(), true, b.now, 0);
    EXPECT_EQ(change.what, event::stays_aside);
    EXPECT_EQ(change.time, seconds);
    EXPECT_TRUE(b.is_due_after(seconds));
  }
}

TEST(Health, NoiseIsAFifth) {
  for (const auto& [noise, first, second] :
       {std::tuple(-1.0, 800ms, 1600ms), {1.0, 1200ms, 2400ms}, {0.5, 1100ms, 2200ms}}) {
    bench b;
    b.noise = noise;
    b.put_aside();
    EXPECT_TRUE(b.is_due_after(first));
    b.try_again_and_fail();
    EXPECT_TRUE(b.is_due_after(second));
  }
}

TEST(Health, OneSuccessBringsItBackAndForgetsTheRest) {
  bench b;
  b.put_aside();
  b.try_again_and_fail();
  b.now = b.state.until() + 9s;
  b.state.begin_trial();
  const auto change = b.state.succeeded(b.state.period(), b.now);
  EXPECT_EQ(change.what, event::back);
  EXPECT_EQ(change.time, 12s);
  EXPECT_TRUE(b.state.is_beyond_doubt());
  EXPECT_EQ(b.fail(), event::none);
  b.fail();
  EXPECT_TRUE(b.is_due_after(1s)) << "it begins at a second again";
}

TEST(Health, OneAtATimeTriesIt) {
  bench b;
  b.put_aside();
  b.now += 1s;
  EXPECT_TRUE(b.state.may_be_tried(b.now));
  b.state.begin_trial();
  EXPECT_FALSE(b.state.may_be_tried(b.now + 1h));
  b.state.abandon_trial(b.state.period());
  EXPECT_TRUE(b.state.may_be_tried(b.now));
}

TEST(Health, AHundredFailuresAtOnceAreOneReason) {
  bench b;
  const auto begun = b.state.period();
  int changes = 0;
  for (int i = 0; i < 100; ++i) {
    changes += b.state.failed(begun, false, b.now, 0).what != event::none;
  }
  EXPECT_EQ(changes, 1);
  EXPECT_TRUE(b.is_due_after(1s));
}

TEST(Health, WhatBeganBeforeTheLastChangeSaysNothing) {
  bench b;
  const auto up = b.state.period();
  b.put_aside();
  EXPECT_EQ(b.state.succeeded(up, b.now).what, event::none);
  EXPECT_FALSE(b.state.is_up());
  const auto aside = b.state.period();
  b.now = b.state.until();
  b.state.begin_trial();
  EXPECT_EQ(b.succeed(), event::back);
  EXPECT_EQ(b.state.failed(aside, true, b.now, 0).what, event::none);
  EXPECT_EQ(b.state.failed(up, false, b.now, 0).what, event::none);
  EXPECT_TRUE(b.state.is_beyond_doubt());
}

TEST(Health, AnOldTrialDoesNotFreeTheSlotOfANewOne) {
  bench b;
  b.put_aside();
  const auto first = b.state.period();
  b.now = b.state.until();
  b.state.begin_trial();
  b.succeed();  // by somebody who tried it for want of another
  b.put_aside();
  b.now = b.state.until();
  b.state.begin_trial();
  b.state.abandon_trial(first);
  EXPECT_FALSE(b.state.may_be_tried(b.now));
}

TEST(Health, WhoTriesItForWantOfAnotherDoesNotProlongIt) {
  bench b;
  b.put_aside();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(b.fail(), event::none);
  EXPECT_TRUE(b.is_due_after(1s));
  EXPECT_EQ(b.succeed(), event::back);
}

TEST(Health, ATimeThatRunsBackwardsIsNoNegativeTime) {
  bench b;
  b.put_aside();
  b.now -= 5s;
  EXPECT_EQ(b.state.succeeded(b.state.period(), b.now).time, 0s);
}

}  // namespace
}  // namespace relay::balance
