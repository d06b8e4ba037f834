#include "support/name_server.hpp"
#include "support/relay_bench.hpp"

#include <relay/forward/change.hpp>

#include <gtest/gtest.h>

#include <array>
#include <future>
#include <memory>
#include <string>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using config::fate;
using test::relay_bench;

/// A relay whose configuration changes, and remotes that say their name.
struct reload_bench : relay_bench {
  explicit reload_bench(std::size_t workers = 2) : relay_bench(workers) {}

  /// What became of it; empty: it is in force on all workers.
  std::vector<change_failure> reload(const config::settings& next) {
    auto made = running->prepare(next);
    if (!made->failures.empty()) return made->failures;
    std::promise<void> done;
    running->apply(std::move(made), [&done] { done.set_value(); });
    done.get_future().wait();
    settings = next;
    return {};
  }
  void reload_well(const config::settings& next) {
    for (const auto& each : reload(next)) FAIL() << to_string(each.what) << ' ' << each.message;
  }
};

/// A server of TCP that is played by the test.
struct remote_side {
  explicit remote_side(const char* host = "127.0.0.1") : listener(test::listen_any(host)) {}
  host_port at() const { return test::literal(test::address_of(listener.get())); }
  unique_fd accept() const { return test::accept_one(listener.get()); }

  unique_fd listener;
};

/// Whether what one end sends arrives at the other.
::testing::AssertionResult connected(const unique_fd& a, const unique_fd& b) {
  test::send_all(a.get(), "ping");
  if (test::read_exactly(b.get(), 4) != "ping") return ::testing::AssertionFailure() << "up";
  test::send_all(b.get(), "pong");
  if (test::read_exactly(a.get(), 4) != "pong") return ::testing::AssertionFailure() << "down";
  return ::testing::AssertionSuccess();
}

/// Both ends of what a relay connects.
struct meeting {
  unique_fd client;
  unique_fd server;
};
::testing::AssertionResult connected(const meeting& of) { return connected(of.client, of.server); }
meeting meet(const relay_bench& b, const remote_side& remote, std::size_t endpoint = 0) {
  auto client = test::connect_to(*b.running->bound(endpoint));
  return {std::move(client), remote.accept()};
}
::testing::AssertionResult serves(const relay_bench& b, const remote_side& remote,
                                  std::size_t endpoint = 0) {
  return connected(meet(b, remote, endpoint));
}

/// One endpoint before one remote.
struct served_bench : reload_bench {
  explicit served_bench(std::size_t workers = 2) : reload_bench(workers) { add(remote.at()); }

  remote_side remote;
};

/// The first of so many ports at 127.0.0.1 that are free, one after the other.
std::uint16_t free_run(std::uint16_t count) {
  for (;;) {
    const auto first = test::address_of(test::listen_any().get()).port;
    std::vector<unique_fd> all;
    for (std::uint16_t i = 0; i < count; ++i) {
      const auto port = static_cast<std::uint16_t>(first + i);
      const char* step = "";
      auto made = net::listen_tcp({*ip_address::parse("127.0.0.1"), port}, {}, &step);
      if (!made) break;
      all.push_back(std::move(*made));
    }
    if (all.size() == count) return first;
  }
}

bool refuses(const ip_endpoint& at) {
  const unique_fd fd(::socket(at.address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const socket_address to(at);
  return ::connect(fd.get(), to.data(), to.length) != 0 && errno == ECONNREFUSED;
}

TEST(Reload, WithoutADifferenceNothingIsTouched) {
  served_bench b;
  b.start();
  const auto pair = meet(b, b.remote);
  const auto made = b.running->prepare(b.settings);
  EXPECT_TRUE(made->diff.empty());
  EXPECT_TRUE(made->opened.empty());
  EXPECT_TRUE(made->lanes.kept.empty() && made->lanes.closed.empty());
  EXPECT_TRUE(made->lanes.replaced.empty());
  const auto at = b.running->bound(0);
  b.reload_well(b.settings);
  EXPECT_EQ(b.running->bound(0), at);
  EXPECT_TRUE(connected(pair));
  EXPECT_EQ(b.running->count(0).accepted, 1U);
}

TEST(Reload, OldSessionsStayWithTheOldRemoteAndNewOnesGoToTheNew) {
  reload_bench b;
  const remote_side one;
  const remote_side two;
  b.add(one.at());
  b.start();
  const auto old = meet(b, one);
  auto next = b.settings;
  next.endpoints[0].remote = two.at();
  b.reload_well(next);
  EXPECT_TRUE(connected(old));
  EXPECT_TRUE(serves(b, two));
  EXPECT_EQ(b.running->count(0).accepted, 2U) << "the counters go on";
}

TEST(Reload, WhoIsToBeCutSeesAReset) {
  served_bench b;
  b.start();
  const auto pair = meet(b, b.remote);
  EXPECT_TRUE(connected(pair));
  auto next = b.settings;
  next.endpoints[0].network.on_change = fate::cut;
  b.reload_well(next);
  EXPECT_TRUE(test::sees_reset(pair.client.get()));
  EXPECT_TRUE(b.has_ended(forward::end_reason::shutdown));
}

TEST(Reload, WhoIsToDrainHasItsTime) {
  served_bench b;
  b.start();
  const auto pair = meet(b, b.remote);
  auto next = b.settings;
  next.process.shutdown_timeout = 300ms;
  next.endpoints[0].network.on_change = fate::drain;
  const auto began = std::chrono::steady_clock::now();
  b.reload_well(next);
  EXPECT_TRUE(connected(pair)) << "not at once";
  EXPECT_TRUE(test::sees_reset(pair.client.get()));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 300ms);
}

TEST(Reload, AnEndpointThatIsTakenOutListensNoMore) {
  for (const auto what : {fate::keep, fate::drain}) {
    served_bench b;
    b.settings.endpoints[0].name = "going";
    b.settings.endpoints[0].network.on_remove = what;
    b.add(b.remote.at()).name = "staying";
    b.start();
    const auto gone = *b.running->bound(0);
    const auto pair = meet(b, b.remote);
    auto next = b.settings;
    next.process.shutdown_timeout = 100ms;
    next.endpoints.erase(next.endpoints.begin());
    b.reload_well(next);
    EXPECT_TRUE(refuses(gone));
    if (what == fate::keep) {
      EXPECT_TRUE(connected(pair));
    } else {
      EXPECT_TRUE(test::sees_reset(pair.client.get()));
    }
    EXPECT_TRUE(serves(b, b.remote));
  }
}

TEST(Reload, AnEndpointThatIsNewServes) {
  served_bench b;
  b.start();
  auto next = b.settings;
  next.endpoints.push_back(next.endpoints[0]);
  next.endpoints[1].listen = test::literal({*ip_address::parse("127.0.0.2"), 0});
  b.reload_well(next);
  EXPECT_TRUE(serves(b, b.remote, 1));
  EXPECT_EQ(b.running->bound_count(), 2U);
}

// Those who wait in the queue of the listener are served, too.
TEST(Reload, AListenerGoesFromOneEndpointToAnother) {
  reload_bench b;
  const remote_side one;
  const remote_side two;
  b.add(one.at()).name = "one";
  b.start();
  const auto at = *b.running->bound(0);
  auto next = b.settings;
  next.endpoints[0].name = "two";
  next.endpoints[0].listen = test::literal(at);
  next.endpoints[0].listen_interface.clear();
  next.endpoints[0].remote = two.at();
  const auto made = b.running->prepare(next);
  EXPECT_TRUE(made->opened.empty()) << "the socket stays";
  b.reload_well(next);
  const unique_fd client = test::connect_to(at);
  EXPECT_TRUE(connected(client, two.accept()));
}

TEST(Reload, ARangeGrowsAndShrinksAroundItsListeners) {
  served_bench b;
  const auto first = free_run(4);
  b.settings.endpoints[0].listen = test::literal({*ip_address::parse("127.0.0.1"), first});
  b.start();
  const auto pair = meet(b, b.remote);
  for (const auto last : std::to_array<std::uint16_t>({3, 1, 2, 0})) {
    auto next = b.settings;
    next.endpoints[0].listen.ports = {first, static_cast<std::uint16_t>(first + last)};
    b.reload_well(next);
    for (std::uint16_t i = 0; i < 4; ++i) {
      const ip_endpoint at{*ip_address::parse("127.0.0.1"), static_cast<std::uint16_t>(first + i)};
      if (i > last) {
        EXPECT_TRUE(refuses(at)) << i << " of " << last;
        continue;
      }
      const auto one = test::connect_to(at);
      EXPECT_TRUE(connected(one, b.remote.accept())) << i << " of " << last;
    }
    EXPECT_TRUE(connected(pair));
  }
}

TEST(Reload, WhatCannotBeBoundChangesNothing) {
  served_bench b;
  const remote_side other;
  const auto taken = test::listen_any("127.0.0.1");
  b.start();
  auto next = b.settings;
  next.endpoints[0].remote = other.at();
  next.endpoints.push_back(next.endpoints[0]);
  next.endpoints[1].listen = test::literal(test::address_of(taken.get()));
  const auto failures = b.reload(next);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].what, code::bind);
  EXPECT_EQ(failures[0].endpoint, 1U);
  EXPECT_NE(failures[0].message.find("binding"), std::string::npos) << failures[0].message;
  EXPECT_TRUE(serves(b, b.remote)) << "the old remote";
}

TEST(Reload, AMissingCertificateChangesNothing) {
  served_bench b;
  b.start();
  auto next = b.settings;
  next.endpoints[0].listen_transport =
      config::make_listen_text("tls;cert=/nowhere.pem;key=/nowhere.key", config::dialect::relay);
  const auto failures = b.reload(next);
  ASSERT_FALSE(failures.empty());
  EXPECT_EQ(failures[0].what, code::cert);
  EXPECT_TRUE(serves(b, b.remote));
}

TEST(Reload, ALimitHoldsForThoseWhoAreInsideAlready) {
  served_bench b;
  b.start();
  const auto first = b.connect();
  const auto at_first = b.remote.accept();
  auto next = b.settings;
  next.endpoints[0].max_connections = 1;
  b.reload_well(next);
  const auto second = b.connect();
  test::send_all(second.get(), "wait");
  EXPECT_TRUE(connected(first, at_first));
  EXPECT_EQ(b.running->count(0).accepted, 1U) << "one is inside";
  next.endpoints[0].max_connections = 0;
  b.reload_well(next);
  const auto at_second = b.remote.accept();
  EXPECT_EQ(test::read_exactly(at_second.get(), 4), "wait");
}

TEST(Reload, WhoCouldNotListenIsTriedAgain) {
  served_bench b;
  auto taken = test::listen_any("127.0.0.1");
  const auto at = test::address_of(taken.get());
  b.add(b.remote.at()).listen = test::literal(at);
  b.start();
  ASSERT_EQ(b.running->deaf(), std::vector<std::size_t>{1});
  b.reload_well(b.settings);
  EXPECT_EQ(b.running->deaf(), std::vector<std::size_t>{1}) << "still taken; the others serve";
  taken.reset();
  b.reload_well(b.settings);
  EXPECT_TRUE(b.running->deaf().empty());
  EXPECT_TRUE(serves(b, b.remote, 1));
}

TEST(Reload, RemotesAreAsWellAsTheyWere) {
  reload_bench b;
  const remote_side remote;
  auto& of = b.add(test::literal(test::refusing_address()));
  of.extra_remotes.push_back(remote.at());
  b.start();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(serves(b, remote));
  auto next = b.settings;
  next.endpoints[0].network.tcp_timeout = 3s;
  b.reload_well(next);
  EXPECT_TRUE(serves(b, remote));
  const auto log = b.log_text();
  const auto first = log.find("put aside");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(log.find("put aside", first + 1), std::string::npos)
      << "it need not be found out again";
}

std::string heard(const unique_fd& socket, socket_address* from = nullptr) {
  std::array<char, 100> room;
  socket_address ignored;
  auto& who = from != nullptr ? *from : ignored;
  ssize_t got = -1;
  (void)test::wait_until([&] {
    who.length = sizeof who.v6;
    got = ::recvfrom(socket.get(), room.data(), room.size(), MSG_DONTWAIT, who.data(), &who.length);
    return got >= 0;
  });
  return got > 0 ? std::string(room.data(), static_cast<std::size_t>(got)) : "nothing";
}

// A remote that says its name to every datagram.
struct datagram_remote {
  host_port at() const { return test::literal(test::address_of(socket.get())); }
  /// Waits for one, and answers.
  void answer(std::string_view text) const {
    socket_address from;
    ASSERT_NE(heard(socket, &from), "nothing");
    test::send_datagram(socket.get(), text, from.endpoint());
  }

  unique_fd socket = test::udp_socket();
};

// The socket at the old remote stays, too: it sees the same client as before.
TEST(Reload, ClientsOfDatagramsStayUntilTheyAreIdleUnlessTheyAreToMove) {
  for (const auto what : {fate::keep, fate::drain, fate::cut}) {
    reload_bench b;
    const datagram_remote one;
    const datagram_remote two;
    auto& of = b.add(one.at());
    of.network.use_udp = of.network.no_tcp = true;
    of.network.on_change = what;
    b.start();
    const auto old_client = test::udp_socket();
    test::send_datagram(old_client.get(), "hello", *b.running->bound(0));
    one.answer("one");
    EXPECT_EQ(heard(old_client), "one");
    auto next = b.settings;
    next.endpoints[0].remote = two.at();
    b.reload_well(next);
    const auto client = test::udp_socket();
    test::send_datagram(client.get(), "hello", *b.running->bound(0));
    two.answer("two");
    EXPECT_EQ(heard(client), "two");
    test::send_datagram(old_client.get(), "again", *b.running->bound(0));
    const bool stays = what == fate::keep;
    (stays ? one : two).answer(stays ? "one" : "two");
    EXPECT_EQ(heard(old_client), stays ? "one" : "two");
    EXPECT_EQ(b.running->count(0).associations, stays ? 2U : 3U);
  }
}

TEST(Reload, OldClientsOfDatagramsLeaveOneByOne) {
  reload_bench b(1);
  const datagram_remote remote;
  auto& of = b.add(remote.at());
  of.network.use_udp = of.network.no_tcp = true;
  of.network.udp_timeout = 300ms;
  b.start();
  const auto client = test::udp_socket();
  test::send_datagram(client.get(), "hello", *b.running->bound(0));
  remote.answer("first");
  EXPECT_EQ(heard(client), "first");
  for (int i = 1; i <= 3; ++i) {  // each rule in the place of the one before, and of its clients
    auto next = b.settings;
    next.endpoints[0].network.udp_timeout = 300ms + i * 1ms;
    b.reload_well(next);
    test::send_datagram(client.get(), "hello", *b.running->bound(0));
    remote.answer("next");
    EXPECT_EQ(heard(client), "next");
  }
  EXPECT_EQ(b.running->count(0).associations, 1U);
  EXPECT_TRUE(b.has_ended(forward::end_reason::idle));
}

TEST(Reload, WhoeverListensForDatagramsNoMoreIsNotThere) {
  reload_bench b;
  const datagram_remote remote;
  auto& of = b.add(remote.at());
  of.network.use_udp = true;
  b.start();
  const auto at = *b.running->bound(0);
  const auto client = test::udp_socket();
  test::send_datagram(client.get(), "hello", at);
  remote.answer("here");
  EXPECT_EQ(heard(client), "here");
  auto next = b.settings;
  next.endpoints[0].network.use_udp = false;
  b.reload_well(next);
  const unique_fd knocking(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const socket_address to(at);
  ASSERT_EQ(::connect(knocking.get(), to.data(), to.length), 0);
  ASSERT_EQ(::send(knocking.get(), "x", 1, 0), 1);
  EXPECT_TRUE(
      test::wait_until([&] { return net::pending_error(knocking.get()).value() == ECONNREFUSED; }));
  EXPECT_TRUE(b.has_ended(forward::end_reason::shutdown));
}

// A listener is another one when an option cannot be set on an open one. For a moment there are
// both: who waited at the old one is served as well.
TEST(Reload, AListenerWithOtherOptionsTakesThePlaceOfTheOldOne) {
  if (!test::name_server::has_ipv6()) GTEST_SKIP() << "no IPv6";
  for (const std::size_t workers : {1, 2}) {
    served_bench b(workers);
    b.settings.endpoints[0].listen = test::literal({*ip_address::parse("::"), 0});
    b.settings.endpoints[0].network.use_udp = true;
    b.start();
    const auto at = *b.running->bound(0);
    const ip_endpoint by_v4{*ip_address::parse("127.0.0.1"), at.port};
    const ip_endpoint by_v6{*ip_address::parse("::1"), at.port};
    const auto before = test::connect_to(by_v4);
    const auto at_before = b.remote.accept();
    for (const bool only : {true, false, true}) {
      auto next = b.settings;
      next.endpoints[0].listen = test::literal(at);
      next.endpoints[0].network.ipv6_only = only;
      b.reload_well(next);
      EXPECT_EQ(b.running->bound(0), at);
      const auto client = test::connect_to(by_v6);
      EXPECT_TRUE(connected(client, b.remote.accept()));
      EXPECT_EQ(refuses(by_v4), only);
      if (!only) (void)b.remote.accept();  // of `refuses`
    }
    EXPECT_TRUE(connected(before, at_before));
  }
}

// The new one is not there before the old one goes: a change that is given up takes no client away.
TEST(Reload, AListenerThatIsPreparedHasNoClientsYet) {
  if (!test::name_server::has_ipv6()) GTEST_SKIP() << "no IPv6";
  served_bench b(1);
  b.settings.endpoints[0].listen = test::literal({*ip_address::parse("::"), 0});
  b.start();
  auto next = b.settings;
  next.endpoints[0].listen = test::literal(*b.running->bound(0));
  next.endpoints[0].network.ipv6_only = true;
  const auto made = b.running->prepare(next);
  ASSERT_TRUE(made->failures.empty()) << made->failures[0].message;
  EXPECT_EQ(made->opened.size(), 1U);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(serves(b, b.remote));
}

TEST(Reload, APortOfSomebodyElseIsNotSharedWithOurs) {
  served_bench b;
  const auto other = test::listen_any("127.0.0.2");
  b.settings.endpoints[0].listen = {};
  b.settings.endpoints[0].listen =
      test::literal({*ip_address::parse("127.0.0.1"), test::address_of(other.get()).port});
  b.start();
  if (!b.failures.empty()) GTEST_SKIP() << "the port is taken: " << b.failures[0].message;
  auto next = b.settings;
  next.endpoints[0].listen = test::literal(test::address_of(other.get()));
  const auto failures = b.reload(next);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].what, code::bind);
  EXPECT_TRUE(serves(b, b.remote));
}

/// So many endpoints at 127.0.0.1.
struct many_bench : reload_bench {
  explicit many_bench(std::size_t count) : reload_bench(1) {
    for (std::size_t i = 0; i < count; ++i) add(remote.at()).name = "e" + std::to_string(i);
  }
  remote_side remote;
};

// What a reload does grows with what differs, not with what there is.
TEST(Reload, OnlyWhatDiffersIsTouched) {
  constexpr std::size_t all = 500;
  many_bench b(all);
  b.start();
  auto next = b.settings;
  std::vector<ip_endpoint> places;
  for (std::size_t i = 0; i < all; ++i) places.push_back(*b.running->bound(i));
  for (std::size_t i = 0; i < 10; ++i) {  // half of them listen elsewhere
    auto& each = next.endpoints[i * 50];
    each.network.tcp_timeout = 3s;
    if (i % 2 == 0) each.listen = test::literal({*ip_address::parse("127.0.0.2"), 0});
  }
  auto made = b.running->prepare(next);
  ASSERT_TRUE(made->failures.empty());
  EXPECT_EQ(made->diff.differing(), 10U);
  EXPECT_EQ(made->opened.size(), 5U);
  EXPECT_EQ(made->lanes.closed.size(), 5U);
  EXPECT_EQ(made->lanes.kept.size(), 5U);
  EXPECT_EQ(made->lanes.replaced.size(), 10U);
  EXPECT_TRUE(made->limits.empty());
  EXPECT_FALSE(made->lanes.has_other_limits) << "no listener is woken";
  made.reset();
  b.reload_well(next);
  for (std::size_t i = 0; i < all; ++i) {
    EXPECT_EQ(b.running->bound(i) == places[i], i % 100 != 0) << i;
  }
  EXPECT_TRUE(serves(b, b.remote, 0));
  EXPECT_TRUE(serves(b, b.remote, all - 1));
}

// A device that has gone leaves listeners that hear nothing: they are never kept.
TEST(Reload, AListenerWithoutItsDeviceIsOpenedAgain) {
  served_bench b;
  b.settings.endpoints[0].name = "web";
  b.settings.endpoints[0].listen_interface = "lo";
  b.settings.endpoints[0].network.use_udp = true;
  b.start();
  if (!b.failures.empty()) GTEST_SKIP() << b.failures[0].message;
  const auto pair = meet(b, b.remote);
  auto next = b.settings;
  next.endpoints[0].listen = test::literal(*b.running->bound(0));
  b.reload_well(next);
  b.running->lose_device("eth7");
  EXPECT_TRUE(b.running->deaf().empty()) << "that is another one";
  b.running->lose_device("lo");
  ASSERT_EQ(b.running->deaf(), std::vector<std::size_t>{0});
  EXPECT_EQ(b.running->why_deaf(0), "its device lo has gone");
  auto made = b.running->prepare(b.settings);
  EXPECT_EQ(made->opened.size(), 4U) << "of two workers, for TCP and UDP";
  EXPECT_EQ(made->lanes.closed.size(), 2U);
  made.reset();
  b.reload_well(b.settings);
  EXPECT_TRUE(b.running->deaf().empty());
  EXPECT_TRUE(connected(pair));
  EXPECT_TRUE(serves(b, b.remote));
  EXPECT_EQ(b.running->count(0).accepted, 2U) << "the counters go on";
}

}  // namespace
}  // namespace relay::forward
