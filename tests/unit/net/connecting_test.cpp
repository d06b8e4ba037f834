#include "support/sockets.hpp"

#include <relay/net/connecting.hpp>

#include <gtest/gtest.h>

#include <netinet/tcp.h>

#include <optional>

namespace relay::net {
namespace {

using namespace std::chrono_literals;

struct bench {
  net::poller poller{[] {}};
  std::uint32_t clock = 0;
  timer_wheel wheel{[this] { return clock; }};
  watch place{poller};
  std::optional<error_code> outcome;
  const char* step = nullptr;

  error_code connect(const ip_endpoint& to, const dial_options& options = {},
                     std::chrono::milliseconds limit = 5s) {
    connecting attempt(place, wheel, [this](error_code ec) { outcome = ec; });
    attempt.start(to, options, limit);
    EXPECT_FALSE(outcome) << "never answers from start()";
    EXPECT_TRUE(test::turn_until(poller, [this] { return outcome.has_value(); }));
    step = attempt.step();
    return outcome.value_or(make_error_code(errc::timed_out));
  }
};

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  ::getsockopt(fd, level, name, &value, &length);
  return value;
}

TEST(Connecting, PutsAConnectedSocketIntoTheWatch) {
  for (const auto* host : {"127.0.0.1", "::1"}) {
    bench b;
    const auto listener = test::listen_any(host);
    EXPECT_FALSE(b.connect(test::address_of(listener.get())));
    const auto accepted = test::accept_one(listener.get());
    test::send_all(b.place.fd(), "hello");
    EXPECT_EQ(test::read_exactly(accepted.get(), 5), "hello");
    EXPECT_EQ(option(b.place.fd(), IPPROTO_TCP, TCP_NODELAY), 1);
  }
}

TEST(Connecting, SaysWhyItFailedAndLeavesTheWatchEmpty) {
  bench b;
  EXPECT_EQ(b.connect(test::refusing_address()).value(), ECONNREFUSED);
  EXPECT_STREQ(b.step, "connecting");
  EXPECT_EQ(b.place.fd(), -1);
}

TEST(Connecting, APeerThatResetsAtOnceWasConnected) {
  bench b;
  const auto listener = test::listen_any();
  connecting attempt(b.place, b.wheel, [&](error_code ec) { b.outcome = ec; });
  attempt.start(test::address_of(listener.get()), {}, 5s);
  auto peer = test::accept_one(listener.get());
  test::send_all(peer.get(), "banner");
  test::reset(std::move(peer));  // before the poller has had a look
  ASSERT_TRUE(test::turn_until(b.poller, [&] { return b.outcome.has_value(); }));
  EXPECT_FALSE(*b.outcome);
  EXPECT_TRUE(has(b.place.events(), seen::reset));
  EXPECT_EQ(test::read_exactly(b.place.fd(), 6), "banner");
}

TEST(Connecting, GivesUpAtItsLimit) {
  bench b;
  const test::black_hole nowhere;
  connecting attempt(b.place, b.wheel, [&](error_code ec) { b.outcome = ec; });
  attempt.start(nowhere.address(), {}, 1s);
  for (int i = 0; i < 10; ++i) {
    b.poller.turn(0us);
    b.wheel.advance(++b.clock);
    ASSERT_FALSE(b.outcome);
  }
  b.wheel.advance(++b.clock);
  ASSERT_TRUE(b.outcome);
  EXPECT_EQ(*b.outcome, errc::timed_out);
  EXPECT_EQ(b.place.fd(), -1);
}

TEST(Connecting, CanBeGivenUpByDestroyingIt) {
  bench b;
  const test::black_hole nowhere;
  {
    connecting attempt(b.place, b.wheel, [&](error_code ec) { b.outcome = ec; });
    attempt.start(nowhere.address(), {}, 1s);
  }
  for (int i = 0; i < 20; ++i) b.wheel.advance(++b.clock);
  b.poller.turn(0us);
  EXPECT_FALSE(b.outcome);
}

TEST(Connecting, BindsToThroughWithAnyOrAGivenPort) {
  bench b;
  const auto listener = test::listen_any();
  dial_options options;
  options.through = ip_endpoint::parse("127.0.0.5:0");
  ASSERT_FALSE(b.connect(test::address_of(listener.get()), options));
  EXPECT_EQ(test::address_of(b.place.fd()).address.to_string(), "127.0.0.5");

  bench c;
  const auto free = test::refusing_address();
  options.through = free;
  ASSERT_FALSE(c.connect(test::address_of(listener.get()), options));
  EXPECT_EQ(test::address_of(c.place.fd()), free);
}

TEST(Connecting, NamesTheStepThatFailed) {
  bench b;
  dial_options options;
  options.through = ip_endpoint::parse("192.0.2.1:0");  // TEST-NET: not an address of ours
  EXPECT_EQ(b.connect(test::refusing_address(), options).value(), EADDRNOTAVAIL);
  EXPECT_STREQ(b.step, "binding to `through`");

  bench c;
  options = {};
  options.interface = "nosuchdevice0";
  EXPECT_TRUE(c.connect(test::refusing_address(), options));
  EXPECT_STREQ(c.step, "binding to the device");
}

TEST(Connecting, SetsKeepaliveWithinWhatLinuxTakes) {
  bench b;
  const auto listener = test::listen_any();
  dial_options options;
  options.alive = {std::chrono::seconds(100'000), 1000};
  ASSERT_FALSE(b.connect(test::address_of(listener.get()), options));
  EXPECT_EQ(option(b.place.fd(), SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(b.place.fd(), IPPROTO_TCP, TCP_KEEPIDLE), 32767);
  EXPECT_EQ(option(b.place.fd(), IPPROTO_TCP, TCP_KEEPINTVL), 32767);
  EXPECT_EQ(option(b.place.fd(), IPPROTO_TCP, TCP_KEEPCNT), 127);

  bench off;
  ASSERT_FALSE(off.connect(test::address_of(listener.get())));
  EXPECT_EQ(option(off.place.fd(), SOL_SOCKET, SO_KEEPALIVE), 0);
}

}  // namespace
}  // namespace relay::net
