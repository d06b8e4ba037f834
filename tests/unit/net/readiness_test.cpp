// How a coroutine waits for a descriptor that is on the poller.
#include "support/step_bench.hpp"

#include <relay/net/readiness.hpp>
#include <relay/net/task_group.hpp>

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <optional>

namespace relay::net {
namespace {

using namespace std::chrono_literals;

struct bench : test::step_bench {
  readiness make(std::chrono::milliseconds limit = 0ms) {
    return readiness(on.loop().get_executor(), wheel, limit);
  }
};

TEST(Readiness, ReturnsAtOnceWhenItHasBeenSeenAlready) {
  bench b;
  b.run([&]() -> task<> {
    auto ready = b.make();
    auto ec = co_await ready.wait(b.place, seen::writable);
    EXPECT_FALSE(ec);
  });
}

TEST(Readiness, WaitsForWhatComesLaterAgainAndAgain) {
  bench b;
  b.run([&]() -> task<> {
    auto ready = b.make(5s);
    for (int i = 0; i < 3; ++i) {
      b.on.post([&] { test::send_all(b.peer.get(), "x"); });
      auto ec = co_await ready.wait(b.place, seen::readable);
      EXPECT_FALSE(ec);
      EXPECT_EQ(test::read_exactly(b.place.fd(), 1), "x");
      b.place.clear(seen::readable);
    }
  });
}

TEST(Readiness, SleepsOnThroughEventsOfAnotherKind) {
  bench b;
  b.place.clear(seen::writable);
  b.run([&]() -> task<> {
    auto ready = b.make();
    b.on.post([&] {
      test::send_all(b.peer.get(), "x");  // readable, which nobody asked for
      b.on.post([&] { test::shut_write(b.peer.get()); });
    });
    auto ec = co_await ready.wait(b.place, seen::hangup);
    EXPECT_FALSE(ec);
    EXPECT_TRUE(has(b.place.events(), seen::readable));
  });
}

TEST(Readiness, SeesTheEndAndAReset) {
  bench ended;
  bench reset;
  test::shut_write(ended.peer.get());
  test::reset(std::move(reset.peer));
  for (auto* b : {&ended, &reset}) {
    b->run([b]() -> task<> {
      auto ready = b->make();
      auto ec = co_await ready.wait(b->place, seen::hangup);
      EXPECT_FALSE(ec);
    });
  }
  EXPECT_TRUE(has(reset.place.events(), seen::broken));
}

TEST(Readiness, KeepsOneLimitOverAllItsWaits) {
  bench b;
  b.run([&]() -> task<> {
    auto ready = b.make(1s);
    // What comes in time does not begin the limit anew.
    b.on.post([&] {
      b.pass(8);
      test::send_all(b.peer.get(), "x");
    });
    auto ec = co_await ready.wait(b.place, seen::readable);
    EXPECT_FALSE(ec);
    b.place.clear(seen::readable);
    b.on.post([&] { b.pass(3); });
    ec = co_await ready.wait(b.place, seen::readable);
    EXPECT_EQ(ec, errc::timed_out);
    // Then nothing more is waited for, whatever has been seen.
    b.place.mark(seen::readable);
    ec = co_await ready.wait(b.place, seen::readable);
    EXPECT_EQ(ec, errc::timed_out);
  });
}

TEST(Readiness, HasAnExactLimitWhereTheWheelsTicksAreTooLong) {
  bench b;
  b.run([&]() -> task<> {
    const auto before = std::chrono::steady_clock::now();
    readiness ready(b.on.loop().get_executor(), before + 5ms);
    EXPECT_FALSE(ready.is_armed());
    b.on.post([&] { test::send_all(b.peer.get(), "x"); });
    auto ec = co_await ready.wait(b.place, seen::hangup);  // the byte does not end it
    EXPECT_EQ(ec, errc::timed_out);
    EXPECT_GE(std::chrono::steady_clock::now(), before + 5ms);
    ec = co_await ready.wait(b.place, seen::hangup);
    EXPECT_EQ(ec, errc::timed_out) << "it stays over";
  });
}

TEST(Readiness, WithoutALimitNeverGivesUp) {
  bench b;
  b.run([&]() -> task<> {
    auto ready = b.make(0ms);
    EXPECT_FALSE(ready.is_armed());
    b.on.post([&] { test::send_all(b.peer.get(), "x"); });
    auto ec = co_await ready.wait(b.place, seen::readable);
    EXPECT_FALSE(ec);
  });
}

TEST(Readiness, ACancellationEndsTheWaitAndLeavesTheWatchAlone) {
  bench b;
  spdlog::logger log("test", std::make_shared<spdlog::sinks::null_sink_mt>());
  task_group group(b.on.loop().get_executor(), log);
  std::optional<error_code> ended;
  auto waiting = [&]() -> task<> {
    auto ready = b.make(5s);
    ended = co_await ready.wait(b.place, seen::readable);
    co_await ready.wait(b.place, seen::readable);  // throws: the watch must not remember it
    ADD_FAILURE() << "went on after a cancellation";
  };
  group.spawn(waiting());
  b.on.post([&] {
    group.cancel();
    group.when_empty([&] { b.on.loop().stop(); });
  });
  b.on.loop().run_for(test::patience);
  EXPECT_EQ(ended, make_error_code(asio::error::operation_aborted));
  test::send_all(b.peer.get(), "x");
  EXPECT_TRUE(test::turn_until(b.on.poller(), [&] {
    return has(b.place.events(), seen::readable);  // and nobody who is gone was woken
  }));
}

TEST(Readiness, ServesWhoeverNotifiesItByOtherMeans) {
  bench b;
  b.run([&]() -> task<> {
    auto ready = b.make(1s);
    b.place.notify(&ready);
    test::send_all(b.peer.get(), "x");
    auto ec = co_await ready.woken();
    EXPECT_FALSE(ec);
    test::send_all(b.peer.get(), "y");
    b.on.poller().turn(100ms);  // woken while nobody waits: remembered
    ec = co_await ready.woken();
    EXPECT_FALSE(ec);
    b.on.post([&] { b.pass(11); });
    ec = co_await ready.woken();
    EXPECT_EQ(ec, errc::timed_out);
    b.place.notify(nullptr);
  });
}

}  // namespace
}  // namespace relay::net
