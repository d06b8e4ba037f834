#include <relay/net/worker_clock.hpp>

#include <gtest/gtest.h>

namespace relay::net {
namespace {

using namespace std::chrono_literals;

constexpr auto again = 100ms;

/// A worker that looks at its clock every 100 ms of real time, which the test moves.
struct bench {
  worker_clock clock;
  worker_clock::time_point real{1000h};

  void expect() { clock.expect_look(real + again); }
  bool look_after(std::chrono::milliseconds passed) {
    real += passed;
    const bool is_on_time = clock.look(real, again);
    if (is_on_time) expect();
    return is_on_time;
  }
  worker_clock::time_point now() const { return clock.now(real); }
};

TEST(WorkerClock, IsTheSteadyClockWhileTheWorkerRuns) {
  bench b;
  EXPECT_EQ(b.now(), b.real);
  b.expect();
  for (const auto passed : {100ms, 101ms, 150ms, 250ms, 399ms}) {
    EXPECT_TRUE(b.look_after(passed)) << "busy, not stopped";
    EXPECT_EQ(b.now(), b.real);
  }
}

TEST(WorkerClock, IsTheSteadyClockWhileNobodyHasALimit) {
  bench b;
  b.expect();
  b.look_after(100ms);
  b.clock.expect_none();
  b.real += 24h;
  EXPECT_EQ(b.now(), b.real);
  EXPECT_TRUE(b.clock.look(b.real, again));
  EXPECT_EQ(b.now(), b.real);
}

TEST(WorkerClock, StandsStillWhileTheWorkerCannotRun) {
  bench b;
  b.expect();
  b.look_after(100ms);
  const auto before = b.now();
  EXPECT_FALSE(b.look_after(1h));
  EXPECT_EQ(b.now(), before + 100ms) << "the next look was due then";
  EXPECT_EQ(b.clock.behind(), 1h - 100ms);
  EXPECT_EQ(b.clock.due(), b.real + again) << "what waits has so long to be served";
  EXPECT_TRUE(b.look_after(100ms));
  EXPECT_EQ(b.now(), before + 200ms);
}

TEST(WorkerClock, WhoAsksBeforeTheLookSeesNoJumpEither) {
  bench b;
  b.expect();
  const auto before = b.now();
  b.real += 1h;
  EXPECT_EQ(b.now(), before + again + worker_clock::tolerance);
  b.clock.look(b.real, again);
  EXPECT_LE(b.now(), before + again + worker_clock::tolerance);
  EXPECT_GE(b.now(), before);
}

TEST(WorkerClock, StopsAddUp) {
  bench b;
  b.expect();
  const auto before = b.now();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(b.look_after(5s));
    EXPECT_TRUE(b.look_after(100ms));
  }
  EXPECT_EQ(b.now() - before, 10 * 200ms);
  EXPECT_EQ(b.real - b.now(), b.clock.behind());
}

}  // namespace
}  // namespace relay::net
