#include "support/counting_waiter.hpp"
#include "support/sockets.hpp"

#include <relay/net/poller.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <new>
#include <stdexcept>
#include <string>

namespace relay::net {
namespace {

using namespace std::chrono_literals;
using test::counting_waiter;

struct bench {
  int announced = 0;
  net::poller poller{[this] { ++announced; }};
};

TEST(Poller, TellsWhatHappensOnceAndWakesTheWaiter) {
  bench b;
  auto [ours, theirs] = test::tcp_pair();
  watch w(b.poller);
  counting_waiter c;
  ASSERT_FALSE(w.attach(std::move(ours)));
  w.notify(&c);
  ASSERT_TRUE(test::turn_until(b.poller, [&] { return c.times == 1; }));
  EXPECT_TRUE(has(w.events(), seen::writable));
  EXPECT_FALSE(has(w.events(), seen::readable));
  test::send_all(theirs.get(), "x");
  ASSERT_TRUE(test::turn_until(b.poller, [&] { return has(w.events(), seen::readable); }));
  const int woken = c.times;
  b.poller.turn(0us);  // edge-triggered: what was told is not told again
  EXPECT_EQ(c.times, woken);
}

TEST(Poller, TellsFinAndResetApart) {
  bench b;
  auto [a, peer_of_a] = test::tcp_pair();
  watch ended(b.poller);
  ASSERT_FALSE(ended.attach(std::move(a)));
  test::shut_write(peer_of_a.get());
  ASSERT_TRUE(test::turn_until(b.poller, [&] { return has(ended.events(), seen::hangup); }));
  EXPECT_FALSE(has(ended.events(), seen::broken));

  auto [c, peer_of_c] = test::tcp_pair();
  watch broken(b.poller);
  ASSERT_FALSE(broken.attach(std::move(c)));
  test::reset(std::move(peer_of_c));
  ASSERT_TRUE(test::turn_until(b.poller, [&] { return has(broken.events(), seen::broken); }));
}

TEST(Poller, EventsAccumulateWhileNobodyIsNotified) {
  bench b;
  auto [ours, theirs] = test::tcp_pair();
  watch w(b.poller);
  ASSERT_FALSE(w.attach(std::move(ours)));
  test::send_all(theirs.get(), "x");
  ASSERT_TRUE(test::turn_until(b.poller, [&] { return has(w.events(), seen::readable); }));
  w.clear(seen::readable);
  EXPECT_FALSE(has(w.events(), seen::readable));
  EXPECT_TRUE(has(w.events(), seen::writable));
}

TEST(Poller, AWaiterMayDestroyOthersOfTheSameBatch) {
  bench b;
  auto [one, peer_one] = test::tcp_pair();
  auto [two, peer_two] = test::tcp_pair();
  auto first = std::make_unique<watch>(b.poller);
  auto second = std::make_unique<watch>(b.poller);
  ASSERT_FALSE(first->attach(std::move(one)));
  ASSERT_FALSE(second->attach(std::move(two)));
  auto a = std::make_unique<counting_waiter>();
  auto z = std::make_unique<counting_waiter>();
  first->notify(a.get());
  second->notify(z.get());
  int destroyed = 0;
  a->then = [&] { second.reset(), z.reset(), ++destroyed; };
  z->then = [&] { first.reset(), a.reset(), ++destroyed; };
  b.poller.turn(1s);
  EXPECT_EQ(destroyed, 1);
}

TEST(Poller, AScheduledWaiterIsWokenOncePerTurn) {
  bench b;
  counting_waiter c;
  b.poller.schedule(c);
  b.poller.schedule(c);
  EXPECT_EQ(b.announced, 1);
  c.then = [&] { b.poller.schedule(c); };
  EXPECT_TRUE(b.poller.turn(0us));
  EXPECT_EQ(c.times, 1);
  EXPECT_TRUE(b.poller.has_work());
  EXPECT_EQ(b.announced, 1) << "within a turn nothing need be announced";
  c.then = nullptr;
  b.poller.turn(0us);
  EXPECT_EQ(c.times, 2);
  EXPECT_FALSE(b.poller.turn(0us));
}

TEST(Poller, ADestroyedWaiterLeavesTheRunList) {
  bench b;
  {
    counting_waiter c;
    counting_waiter d;
    b.poller.schedule(c);
    b.poller.schedule_behind_datagrams(d);
  }
  EXPECT_FALSE(b.poller.has_work());
}

TEST(Poller, DatagramSocketsComeFirstAndThenWhoEndsTheirWork) {
  bench b;
  const auto sender = test::udp_socket();
  watch w(b.poller);
  ASSERT_FALSE(w.attach_datagrams(test::udp_socket()));
  std::string order;
  counting_waiter stream;
  counting_waiter datagrams;
  counting_waiter behind;
  stream.then = [&] { order += 's'; };
  datagrams.then = [&] {
    order += 'd';
    b.poller.schedule_behind_datagrams(behind);
    b.poller.schedule_behind_datagrams(behind);
  };
  behind.then = [&] { order += 'b'; };
  w.notify(&datagrams);
  test::send_datagram(sender.get(), "x", test::address_of(w.fd()));
  b.poller.schedule(stream);
  EXPECT_TRUE(b.poller.turn(1s));
  EXPECT_EQ(order, "dbs");
  EXPECT_TRUE(b.poller.turn(1s)) << "told again until it is empty";
  EXPECT_EQ(order, "dbsdb");
  EXPECT_EQ(b.announced, 1) << "by the one that was scheduled outside of a turn";
}

TEST(Poller, WhoIsScheduledBehindDatagramsTooLateHasTheNextTurn) {
  bench b;
  counting_waiter stream;
  counting_waiter behind;
  stream.then = [&] { b.poller.schedule_behind_datagrams(behind); };
  b.poller.schedule(stream);
  b.poller.turn(0us);
  EXPECT_EQ(behind.times, 0);
  EXPECT_TRUE(b.poller.has_work());
  b.poller.turn(0us);
  EXPECT_EQ(behind.times, 1);
  b.poller.schedule_behind_datagrams(behind);
  EXPECT_EQ(b.announced, 2) << "outside of a turn it is announced";
}

TEST(Watch, ClosesReplacesAndReleases) {
  bench b;
  auto [one, peer_one] = test::tcp_pair();
  auto [two, peer_two] = test::tcp_pair();
  watch w(b.poller);
  ASSERT_FALSE(w.attach(std::move(one), seen::writable));
  EXPECT_TRUE(has(w.events(), seen::writable));
  ASSERT_FALSE(w.attach(std::move(two)));
  EXPECT_EQ(test::read_to_end(peer_one.get()), "") << "the first was closed";
  const auto released = w.release();
  EXPECT_TRUE(released);
  EXPECT_EQ(w.fd(), -1);
  test::send_all(peer_two.get(), "x");
  b.poller.turn(0us);
  EXPECT_EQ(w.events(), seen::none) << "off the poller";
}

TEST(Watch, SaysWhyADescriptorCannotBeWatched) {
  bench b;
  watch w(b.poller);
  EXPECT_TRUE(w.attach(unique_fd()));
  EXPECT_EQ(w.fd(), -1);
}

TEST(Poller, WhatOneWaiterThrowsEndsNobodyElsesTurn) {
  bench b;
  std::string told;
  b.poller.on_fault([&told](const std::exception& e) { told += e.what(); });
  counting_waiter before;
  counting_waiter broken;
  counting_waiter after;
  broken.then = [] { throw std::runtime_error("broken"); };
  for (auto* each : {&before, &broken, &after}) b.poller.schedule(*each);
  b.poller.turn(0us);
  EXPECT_EQ(before.times + after.times, 2);
  EXPECT_EQ(told, "broken");
  b.poller.schedule(after);  // announced anew: the turn is over
  EXPECT_EQ(b.announced, 2);
  b.poller.turn(0us);
  EXPECT_EQ(after.times, 2);
}

TEST(Poller, AFaultHandlerMayFailAsWell) {
  bench b;
  b.poller.on_fault([](const std::exception&) { throw std::bad_alloc(); });
  counting_waiter broken;
  counting_waiter after;
  broken.then = [] { throw std::runtime_error("broken"); };
  for (auto* each : {&broken, &after}) b.poller.schedule(*each);
  b.poller.turn(0us);
  EXPECT_EQ(after.times, 1);
}

}  // namespace
}  // namespace relay::net
