// What coroutines stand on: dial, with_patience, task_group.
#include "support/coro_test.hpp"
#include "support/sockets.hpp"

#include <relay/net/dial.hpp>
#include <relay/net/task_group.hpp>
#include <relay/net/timeout.hpp>
#include <relay/net/worker.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

namespace relay::net {
namespace {

using namespace std::chrono_literals;

task<result<int>> at_once() { co_return 7; }

task<result<int>> never() {
  steady_timer timer(co_await asio::this_coro::executor, steady_timer::time_point::max());
  co_await timer.async_wait();
  co_return make_error_code(asio::error::operation_aborted);
}

/// A wheel whose time a test moves.
struct moved_wheel {
  std::uint32_t clock = 0;
  timer_wheel wheel{[this] { return clock; }};
};

TEST(WithPatience, PassesTheAnswerOn) {
  test::run([]() -> task<> {
    moved_wheel on;
    for (const auto limit : {0ms, 5000ms}) {
      patience enough(co_await asio::this_coro::executor, on.wheel, limit);
      auto got = co_await with_patience(at_once(), enough);
      EXPECT_EQ(got.value(), 7);
    }
  });
}

TEST(WithPatience, EndsAStepThatTakesTooLong) {
  test::run([]() -> task<> {
    moved_wheel on;
    const auto here = co_await asio::this_coro::executor;
    patience little(here, on.wheel, 1ms);
    asio::post(here, [&on] { on.wheel.advance(on.clock += 2); });
    auto got = co_await with_patience(never(), little);
    EXPECT_EQ(got.error(), errc::timed_out);
  });
}

TEST(WithPatience, EndsAStepThatIsGivenUp) {
  test::run([]() -> task<> {
    moved_wheel on;
    const auto here = co_await asio::this_coro::executor;
    patience enough(here, on.wheel, 0ms);
    asio::post(here, [&enough] { enough.give_up(); });
    auto got = co_await with_patience(never(), enough);
    EXPECT_EQ(got.error(), asio::error::operation_aborted);
  });
}

struct logged {
  std::ostringstream text;
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text)};
};

TEST(TaskGroup, CancelsAndTellsWhenTheLastHasGone) {
  asio::io_context loop{1};
  logged out;
  bool gone = false;
  bool emptied = false;
  {
    task_group group(loop.get_executor(), out.log);
    auto wait = [&]() -> task<> {
      auto got = co_await never();
      gone = got.has_error();
    };
    group.spawn(wait());
    loop.run_for(1ms);
    group.when_empty([&] { emptied = true; });
    EXPECT_FALSE(emptied);
    group.cancel();
    loop.restart();
    loop.run_for(test::patience);
    EXPECT_TRUE(emptied);
    group.when_empty([&] { gone = emptied; });  // at once
  }
  EXPECT_TRUE(gone);
  EXPECT_EQ(out.text.str(), "") << "a cancellation is no news";
}

TEST(TaskGroup, LogsWhatATaskThrows) {
  asio::io_context loop{1};
  logged out;
  task_group group(loop.get_executor(), out.log);
  auto broken = []() -> task<> {
    co_await asio::this_coro::executor;
    throw std::runtime_error("a mistake of ours");
  };
  int failed = 0;
  group.spawn(broken(), [&] { ++failed; });
  group.spawn([]() -> task<> { co_return; }(), [&] { ++failed; });
  loop.run_for(test::patience);
  EXPECT_NE(out.text.str().find("a mistake of ours"), std::string::npos);
  EXPECT_EQ(failed, 1) << "only what has failed is told so";
}

/// A worker whose loop runs here, with one coroutine in it.
template <class Body>
void on_worker(worker& w, Body body) {
  bool finished = false;
  std::exception_ptr failure;
  asio::co_spawn(w.loop(), std::move(body), [&](const std::exception_ptr& e) {
    failure = e;
    finished = true;
    w.loop().stop();
  });
  w.loop().run_for(test::patience);
  if (failure) std::rethrow_exception(failure);
  EXPECT_TRUE(finished);
}

TEST(Dial, ConnectsFailsAndTimesOut) {
  worker w(0);
  const auto listener = test::listen_any();
  const test::black_hole nowhere;
  on_worker(w, [&]() -> task<> {
    watch place(w.poller());
    const dial_options options;
    const char* step = nullptr;
    auto ec = co_await dial(place, w.wheel(), test::address_of(listener.get()), options, 5s, step);
    EXPECT_FALSE(ec);
    EXPECT_GE(place.fd(), 0);
    ec = co_await dial(place, w.wheel(), test::refusing_address(), options, 5s, step);
    EXPECT_EQ(ec.value(), ECONNREFUSED);
    EXPECT_STREQ(step, "connecting");
    EXPECT_EQ(place.fd(), -1);
    ec = co_await dial(place, w.wheel(), nowhere.address(), options, 1ms, step);
    EXPECT_EQ(ec, errc::timed_out);
  });
}

TEST(Dial, IsGivenUpByACancellation) {
  worker w(0);
  logged out;
  const test::black_hole nowhere;
  watch place(w.poller());
  task_group group(w.loop().get_executor(), out.log);
  error_code ended;
  auto dialling = [&]() -> task<> {
    const char* step = nullptr;
    const dial_options options;
    ended = co_await dial(place, w.wheel(), nowhere.address(), options, 0ms, step);
  };
  group.spawn(dialling());
  w.post([&] {
    EXPECT_GE(place.fd(), 0) << "it is on its way";
    group.cancel();
    group.when_empty([&] { w.loop().stop(); });
  });
  w.loop().run_for(test::patience);
  EXPECT_EQ(ended, asio::error::operation_aborted);
  EXPECT_EQ(place.fd(), -1);
}

}  // namespace
}  // namespace relay::net
