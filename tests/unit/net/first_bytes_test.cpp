#include "support/coro_test.hpp"
#include "support/sockets.hpp"

#include <relay/net/first_bytes.hpp>
#include <relay/net/task_group.hpp>
#include <relay/net/worker.hpp>

#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <functional>
#include <optional>
#include <thread>
#include <vector>

namespace relay::net {
namespace {

using namespace std::chrono_literals;

/// One side of a connection on a worker that runs here, and a wheel whose clock the test moves.
struct bench {
  bench() {
    auto [near, far] = test::tcp_pair();
    peer = std::move(far);
    EXPECT_FALSE(place.attach(std::move(near), seen::writable));
  }

  /// Waits for `count` bytes; `meanwhile` is called in pieces, each when the loop is idle.
  result<std::string> ask(std::size_t count, std::vector<std::function<void()>> meanwhile = {},
                          std::chrono::milliseconds limit = 0ms) {
    std::optional<result<std::string>> got;
    test::run_on(on.loop(), [&]() -> task<> {
      for (auto& each : meanwhile) on.post(std::move(each));
      auto bytes = co_await first_bytes(place, wheel, count, limit);
      got = std::move(bytes);
    });
    return *got;
  }
  void pass(int ticks) {
    for (int i = 0; i < ticks; ++i) wheel.advance(++clock);
  }

  worker on{0};
  std::uint32_t clock = 0;
  timer_wheel wheel{[this] { return clock; }};
  watch place{on.poller()};
  unique_fd peer;
};

TEST(FirstBytes, AreToldAndStayInTheSocket) {
  bench b;
  test::send_all(b.peer.get(), "hello, world");
  const auto got = b.ask(5);
  ASSERT_TRUE(got) << describe(got.error());
  EXPECT_EQ(*got, "hello");
  EXPECT_TRUE(has(b.place.events(), seen::readable)) << "whoever reads next is told so";
  EXPECT_EQ(test::read_exactly(b.place.fd(), 12), "hello, world");
}

TEST(FirstBytes, AreWaitedForHoweverTheyCome) {
  bench b;
  const std::string all = "hello";
  std::size_t sent = 0;
  std::function<void()> send_one = [&] {
    test::send_all(b.peer.get(), all.substr(sent++, 1));
    if (sent < all.size()) b.on.post(send_one);
  };
  const auto got = b.ask(all.size(), {send_one});
  ASSERT_TRUE(got) << describe(got.error());
  EXPECT_EQ(*got, all);
}

TEST(FirstBytes, ALookThatFindsTooFewDoesNotSpin) {
  bench b;
  test::send_all(b.peer.get(), "hell");
  // The worker would wake the coroutine over and over, and its own wheel late or never.
  struct final_byte final : timer {
    explicit final_byte(bench& of) : of_(of), before_(of.on.poller().turns()) {}
    void expired() override {
      turns = of_.on.poller().turns() - before_;
      test::send_all(of_.peer.get(), "o");
    }
    bench& of_;
    std::uint32_t before_;
    std::uint32_t turns = 0;
  } last(b);
  b.on.wheel().arm(last, 300ms);
  const auto got = b.ask(5);
  ASSERT_TRUE(got) << describe(got.error());
  EXPECT_EQ(*got, "hello");
  EXPECT_LT(last.turns, 50U);
}

TEST(FirstBytes, AsManyAsASocketHoldsForSureComeByteByByte) {
  bench b;
  const auto all = test::pattern(32768);
  std::thread sender([&] {
    for (const char each : all) test::send_all(b.peer.get(), std::string(1, each));
  });
  const auto got = b.ask(all.size());
  sender.join();
  ASSERT_TRUE(got) << describe(got.error());
  EXPECT_TRUE(*got == all);
}

TEST(FirstBytes, AClientThatEndsBeforeIsTold) {
  for (const auto* sent : {"", "hell"}) {
    bench b;
    test::send_all(b.peer.get(), sent);
    const auto got = b.ask(5, {[&] { test::shut_write(b.peer.get()); }});
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), errc::truncated) << sent;
  }
}

TEST(FirstBytes, AClientThatEndsBehindThemHasSentThem) {
  bench b;
  test::send_all(b.peer.get(), "hello");
  test::shut_write(b.peer.get());
  const auto got = b.ask(5);
  ASSERT_TRUE(got) << describe(got.error());
  EXPECT_EQ(*got, "hello");
}

TEST(FirstBytes, AResetIsAReset) {
  bench b;
  test::send_all(b.peer.get(), "hell");
  const auto got = b.ask(5, {[&] { test::reset(std::move(b.peer)); }});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().value(), ECONNRESET);
}

TEST(FirstBytes, ASilentClientHasALimit) {
  bench b;
  const auto got = b.ask(5, {[&] { b.pass(11); }}, 1s);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error(), errc::timed_out);
}

TEST(FirstBytes, ManyPiecesHaveOneLimit) {
  bench b;
  std::function<void()> send_one = [&] {
    test::send_all(b.peer.get(), "x");
    b.pass(1);
    if (b.clock < 20) b.on.post(send_one);
  };
  const auto got = b.ask(100, {send_one}, 1s);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error(), errc::timed_out);
}

TEST(FirstBytes, AWaitCanBeCancelled) {
  bench b;
  spdlog::logger log("nobody", std::make_shared<spdlog::sinks::null_sink_st>());
  task_group tasks(b.on.loop().get_executor(), log);
  error_code ended;
  tasks.spawn([](bench& of, error_code& into) -> task<> {
    try {
      auto got = co_await first_bytes(of.place, of.wheel, 5, 1s);
      into = got.error();
    } catch (const boost::system::system_error& e) {
      into = e.code();  // it met the cancellation between two waits
    }
  }(b, ended));
  std::function<void()> once_it_waits = [&] {
    const bool has_limit = b.wheel.advance(b.clock);
    if (!has_limit) return b.on.post(once_it_waits);
    tasks.cancel();
  };
  b.on.post(once_it_waits);
  tasks.when_empty([&] { b.on.loop().stop(); });
  b.on.loop().run_for(test::patience);
  EXPECT_EQ(ended, asio::error::operation_aborted);
}

}  // namespace
}  // namespace relay::net
