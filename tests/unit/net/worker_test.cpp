#include "support/counting_waiter.hpp"
#include "support/sockets.hpp"

#include <relay/net/worker.hpp>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>

namespace relay::net {
namespace {

using namespace std::chrono_literals;
using test::counting_waiter;

struct limit final : timer {
  void expired() override { then(); }
  std::function<void()> then;
};

/// Runs the worker on this thread until the test stops its loop; a stuck one fails.
void run(worker& w) {
  w.loop().run_for(test::patience);
  EXPECT_TRUE(w.loop().stopped()) << "nothing has stopped it";
}

TEST(Worker, ItsPulseCountsTurnsAndSaysWhatItDoes) {
  worker w(0);
  EXPECT_EQ(w.pulse().turns, 0U);
  pulse within;
  w.post([&] {  // through the poller
    within = w.pulse();
    asio::post(w.loop(), [&] { w.loop().stop(); });
  });
  run(w);
  EXPECT_TRUE(within.is_serving);
  EXPECT_EQ(within.events, 1U) << "the bell of its mailbox";
  EXPECT_FALSE(w.pulse().is_serving) << "back in Asio's loop";
  EXPECT_GT(w.pulse().turns, 0U);
}

TEST(Worker, HandlesEventsOfThePoller) {
  worker w(0);
  auto [ours, theirs] = test::tcp_pair();
  watch socket(w.poller());
  ASSERT_FALSE(socket.attach(std::move(ours)));
  counting_waiter c;
  c.then = [&] {
    if (has(socket.events(), seen::readable)) w.loop().stop();
  };
  socket.notify(&c);
  test::send_all(theirs.get(), "x");
  run(w);
  EXPECT_GE(c.times, 1);
}

TEST(Worker, WakesWhoIsScheduledFromAsiosHandlers) {
  worker w(3);
  EXPECT_EQ(w.index(), 3U);
  counting_waiter c;
  c.then = [&] { w.loop().stop(); };
  w.post([&] { w.poller().schedule(c); });
  run(w);
  EXPECT_EQ(c.times, 1);
}

TEST(Worker, WakesAgainWhoSchedulesItself) {
  worker w(0);
  counting_waiter c;
  c.then = [&] {
    if (c.times < 1000) return w.poller().schedule(c);
    w.loop().stop();
  };
  w.post([&] { w.poller().schedule(c); });
  run(w);
  EXPECT_EQ(c.times, 1000);
}

TEST(Worker, ABusyPollerDoesNotStarveAsio) {
  worker w(0);
  counting_waiter busy;
  busy.then = [&] { w.poller().schedule(busy); };
  int answered = 0;
  std::function<void()> ping = [&] {
    if (++answered == 20) return w.loop().stop();
    w.post(ping);
  };
  w.post([&] { w.poller().schedule(busy); });
  w.post(ping);
  run(w);
  EXPECT_EQ(answered, 20);
}

TEST(Worker, ServesTheArmedWhileAsiosHandlersTakeTurnsToo) {
  worker w(0);
  auto [ours, theirs] = test::tcp_pair();
  watch socket(w.poller());
  ASSERT_FALSE(socket.attach(std::move(ours)));
  counting_waiter reader;
  counting_waiter
      other;  // scheduled by handlers, whose turn may be the one that is told of the data
  int told = 0;
  reader.then = [&] {
    if (!has(socket.events(), seen::readable)) return;
    socket.clear(seen::readable);  // left unread: it is told again
    if (++told == 20) return w.loop().stop();
    boost::asio::post(w.loop(), [&] { w.poller().schedule(other); });
  };
  w.post([&] {
    socket.notify(&reader);
    ASSERT_TRUE(w.poller().arm(socket));
    test::send_all(theirs.get(), "x");
  });
  run(w);
  EXPECT_GE(told, 20);  // it may be told again before the loop has stopped
}

TEST(Worker, TurnsItsWheelWhileTimersAreArmed) {
  worker w(0);
  limit first;
  limit second;
  bool first_gone = false;
  first.then = [&] {
    first_gone = true;
    w.wheel().arm(second, 1ms);  // after the wheel has paused
  };
  second.then = [&] { w.loop().stop(); };
  w.post([&] { w.wheel().arm(first, 1ms); });
  run(w);
  EXPECT_TRUE(first_gone);
}

TEST(Worker, EndsWhenItIsToldTo) {
  worker w(0);
  w.post([&] { w.finish(); });
  std::thread elsewhere([&] { w.run(); });
  elsewhere.join();
}

TEST(Worker, TakesWorkFromOtherThreads) {
  worker w(0);
  std::thread::id where;
  std::thread own([&] { w.run(); });
  w.post([&] {
    where = std::this_thread::get_id();
    w.finish();
  });
  const auto expected = own.get_id();
  own.join();
  EXPECT_EQ(where, expected);
}

TEST(Worker, GoesOnAfterWhatAHandlerHasThrown) {
  std::string told;
  worker w(0, [&told](const std::exception& e) { told += e.what(); });
  asio::post(w.loop(), [] { throw std::runtime_error("asio "); });
  w.post([] { throw std::runtime_error("mailbox "); });
  limit broken;
  broken.then = [&w] {
    w.post([&w] { w.finish(); });
    throw std::runtime_error("wheel");
  };
  w.wheel().arm(broken, 100ms);
  w.run();
  EXPECT_NE(told.find("asio "), std::string::npos);
  EXPECT_NE(told.find("mailbox "), std::string::npos);
  EXPECT_NE(told.find("wheel"), std::string::npos);
}

}  // namespace
}  // namespace relay::net
