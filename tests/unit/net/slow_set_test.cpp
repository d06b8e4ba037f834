#include "support/counting_waiter.hpp"
#include "support/sockets.hpp"

#include <relay/net/poller.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <memory>

namespace relay::net {
namespace {

using namespace std::chrono_literals;
using test::counting_waiter;
using time_point = poll_schedule::time_point;

TEST(PollSchedule, PollsAtOnceWhenAnnouncedThenOncePerPeriod) {
  poll_schedule s;
  const time_point start(1s);
  EXPECT_FALSE(s.is_polling());
  EXPECT_FALSE(s.is_due(start));
  s.announced(start);
  EXPECT_TRUE(s.is_due(start));
  EXPECT_TRUE(s.polled(start, 3, true));
  EXPECT_FALSE(s.is_due(start + 199us));
  EXPECT_EQ(s.until_due(start + 50us), 150us);
  EXPECT_TRUE(s.is_due(start + 200us));
  EXPECT_EQ(s.until_due(start + 300us), 0us);
}

TEST(PollSchedule, RoundsUpSoThatAWaitIsNotTooShort) {
  poll_schedule s;
  const time_point start(1s);
  s.announced(start);
  s.polled(start, 1, true);
  EXPECT_EQ(s.until_due(start + 199us + 1ns), 1us);
}

TEST(PollSchedule, StopsAfterTwoEmptyPollsInARow) {
  poll_schedule s;
  time_point now(1s);
  s.announced(now);
  EXPECT_TRUE(s.polled(now, 0, true));
  EXPECT_TRUE(s.polled(now += 200us, 1, true));
  EXPECT_TRUE(s.polled(now += 200us, 0, true));
  EXPECT_FALSE(s.polled(now += 200us, 0, true));
  EXPECT_FALSE(s.is_polling());
  s.announced(now);
  EXPECT_TRUE(s.polled(now, 0, true)) << "it counts anew";
}

TEST(PollSchedule, ComesBackAtOnceWhenNotAllWereTold) {
  poll_schedule s;
  const time_point now(1s);
  s.announced(now);
  s.polled(now, 256, false);
  EXPECT_TRUE(s.is_due(now));
}

/// A watched socket with a peer; the events of its registration are over.
struct watched {
  explicit watched(poller& on) : ours(on) {
    auto [mine, theirs] = test::tcp_pair();
    if (ours.attach(std::move(mine))) throw std::runtime_error("attach");
    peer = std::move(theirs);
    ours.notify(&woken);
    on.turn(0us);
    woken.times = 0;
  }
  ~watched() { ours.notify(nullptr); }

  std::string read() {
    char bytes[64];
    const auto n = ::recv(ours.fd(), bytes, sizeof bytes, MSG_DONTWAIT);
    return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : std::string();
  }
  bool sees(seen what) { return has(ours.events(), what); }

  watch ours;
  unique_fd peer;
  counting_waiter woken;
};

struct bench {
  net::poller poller{[] {}};

  bool until(const std::function<bool()>& done) { return test::turn_until(poller, done); }
  /// Turns until nobody is polled any more.
  bool rests() {
    return until([&] { return !poller.is_polling(); });
  }
};

TEST(ArmedWatch, IsToldOfTheFirstDataAndInEachPeriodOfWhatIsLeft) {
  bench b;
  watched w(b.poller);
  ASSERT_TRUE(b.poller.arm(w.ours));
  EXPECT_TRUE(w.ours.is_armed());
  test::send_all(w.peer.get(), "unread");
  ASSERT_TRUE(b.until([&] { return w.sees(seen::readable); }));
  for (int i = 0; i < 5; ++i) {
    w.ours.clear(seen::readable);
    ASSERT_TRUE(b.until([&] { return w.sees(seen::readable); })) << "level-triggered";
  }
  EXPECT_TRUE(b.poller.is_polling());
  EXPECT_EQ(w.read(), "unread");
}

TEST(ArmedWatch, IsWokenOncePerPollHoweverOftenDataComes) {
  bench b;
  watched w(b.poller);
  ASSERT_TRUE(b.poller.arm(w.ours));
  test::send_all(w.peer.get(), "1");
  ASSERT_TRUE(b.until([&] { return w.woken.times > 0; }));
  const auto polls = b.poller.polls();
  const auto wakes = w.woken.times;
  for (int i = 0; i < 200; ++i) {
    test::send_all(w.peer.get(), "x");
    b.poller.turn(0us);
  }
  EXPECT_LE(w.woken.times - wakes, static_cast<int>(b.poller.polls() - polls) + 1)
      << "one more for the room to write that arming reports";
}

TEST(ArmedWatch, IsPolledNoMoreAfterItHasBeenReadEmpty) {
  bench b;
  watched w(b.poller);
  ASSERT_TRUE(b.poller.arm(w.ours));
  test::send_all(w.peer.get(), "all");
  ASSERT_TRUE(b.until([&] { return w.sees(seen::readable); }));
  EXPECT_EQ(w.read(), "all");
  ASSERT_TRUE(b.rests());
  const auto polls = b.poller.polls();
  for (int i = 0; i < 100; ++i) b.poller.turn(10us);
  EXPECT_EQ(b.poller.polls(), polls) << "an idle one costs nothing";
  w.ours.clear(seen::readable);
  test::send_all(w.peer.get(), "again");
  ASSERT_TRUE(b.until([&] { return w.sees(seen::readable); })) << "and is announced again";
}

TEST(ArmedWatch, DataThatIsThereWhenItIsArmedIsTold) {
  bench b;
  watched w(b.poller);
  test::send_all(w.peer.get(), "before");
  ASSERT_TRUE(b.until([&] { return w.sees(seen::readable); }));
  w.ours.clear(seen::readable);
  ASSERT_TRUE(b.poller.arm(w.ours));
  EXPECT_TRUE(b.until([&] { return w.sees(seen::readable); }));
}

TEST(ArmedWatch, EndsAndResetsAreTold) {
  bench b;
  watched fin(b.poller);
  watched rst(b.poller);
  ASSERT_TRUE(b.poller.arm(fin.ours));
  ASSERT_TRUE(b.poller.arm(rst.ours));
  test::shut_write(fin.peer.get());
  ASSERT_TRUE(b.until([&] { return fin.sees(seen::hangup); }));
  EXPECT_FALSE(fin.sees(seen::broken));
  test::reset(std::move(rst.peer));
  ASSERT_TRUE(b.until([&] { return rst.sees(seen::broken); }));
}

TEST(ArmedWatch, RoomToWriteIsTold) {
  bench b;
  watched w(b.poller);
  ASSERT_TRUE(b.poller.arm(w.ours));
  b.poller.turn(0us);
  const auto data = test::pattern(std::size_t{1} << 20);
  while (::send(w.ours.fd(), data.data(), data.size(), MSG_DONTWAIT) > 0) {
  }
  w.ours.clear(seen::writable);
  char bytes[65536];
  ASSERT_TRUE(b.until([&] {
    (void)!::recv(w.peer.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    return w.sees(seen::writable);
  }));
}

TEST(ArmedWatch, DisarmedItIsToldAtOnceOfWhatIsThere) {
  bench b;
  watched w(b.poller);
  ASSERT_TRUE(b.poller.arm(w.ours));
  test::send_all(w.peer.get(), "left");
  ASSERT_TRUE(b.until([&] { return w.sees(seen::readable); }));
  w.ours.clear(seen::readable);
  b.poller.disarm(w.ours);
  EXPECT_FALSE(w.ours.is_armed());
  b.poller.turn(0us);
  EXPECT_TRUE(w.sees(seen::readable)) << "in the very next turn";
  w.ours.clear(seen::readable);
  ASSERT_TRUE(b.rests());
  EXPECT_FALSE(w.sees(seen::readable)) << "edge-triggered again";
  test::send_all(w.peer.get(), "more");
  EXPECT_TRUE(b.until([&] { return w.sees(seen::readable); }));
}

TEST(ArmedWatch, ClosingReleasingAndDestroyingOneIsSafe) {
  bench b;
  watched closed(b.poller);
  watched released(b.poller);
  auto destroyed = std::make_unique<watched>(b.poller);
  for (auto* each : {&closed, &released, destroyed.get()}) {
    ASSERT_TRUE(b.poller.arm(each->ours));
    test::send_all(each->peer.get(), "x");
  }
  ASSERT_TRUE(b.until([&] { return closed.sees(seen::readable); }));
  closed.ours.close();
  EXPECT_FALSE(closed.ours.is_armed());
  const auto kept = released.ours.release();
  EXPECT_FALSE(released.ours.is_armed());
  EXPECT_TRUE(kept);
  destroyed.reset();
  EXPECT_TRUE(b.rests()) << "nobody is left to be polled";
}

TEST(ArmedWatch, AWaiterMayDestroyOthersOfTheSamePoll) {
  bench b;
  auto one = std::make_unique<watched>(b.poller);
  auto two = std::make_unique<watched>(b.poller);
  ASSERT_TRUE(b.poller.arm(one->ours));
  ASSERT_TRUE(b.poller.arm(two->ours));
  b.poller.turn(0us);  // room to write
  int destroyed = 0;
  one->woken.then = [&] { two.reset(), ++destroyed; };
  two->woken.then = [&] { one.reset(), ++destroyed; };
  test::send_all(one->peer.get(), "x");
  test::send_all(two->peer.get(), "x");
  ASSERT_TRUE(b.until([&] { return destroyed > 0; }));
  EXPECT_EQ(destroyed, 1);
}

TEST(ArmedWatch, AfterARestItIsAnnouncedToWhoeverWaitsForThePoller) {
  bench b;
  watched w(b.poller);
  ASSERT_TRUE(b.poller.arm(w.ours));
  test::send_all(w.peer.get(), "unread");
  ASSERT_TRUE(b.until([&] { return w.sees(seen::readable); }));
  ASSERT_TRUE(b.poller.is_polling());
  w.ours.clear(seen::readable);
  b.poller.rest();
  EXPECT_FALSE(b.poller.is_polling());
  b.poller.turn(0us);
  EXPECT_TRUE(w.sees(seen::readable));
}

TEST(ArmedWatch, OneThatIsNotThereCannotBeArmed) {
  bench b;
  watch empty(b.poller);
  EXPECT_FALSE(b.poller.arm(empty));
  EXPECT_FALSE(empty.is_armed());
  b.poller.disarm(empty);
}

TEST(ArmedWatch, ArmingTwiceIsArmingOnce) {
  bench b;
  watched w(b.poller);
  ASSERT_TRUE(b.poller.arm(w.ours));
  EXPECT_TRUE(b.poller.arm(w.ours));
  b.poller.disarm(w.ours);
  EXPECT_TRUE(b.poller.arm(w.ours));
}

}  // namespace
}  // namespace relay::net
