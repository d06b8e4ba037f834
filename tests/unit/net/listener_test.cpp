#include "support/sockets.hpp"

#include <relay/net/listener.hpp>
#include <relay/net/socket.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <vector>

namespace relay::net {
namespace {

struct bench {
  net::poller poller{[] {}};
  std::uint32_t clock = 0;
  timer_wheel wheel{[this] { return clock; }};
  std::vector<unique_fd> accepted;
  std::vector<ip_endpoint> peers;
  std::vector<error_code> failures;
  int room = 1000;
  ip_endpoint at;
  net::listener listener{poller, wheel, handlers()};

  listener::events handlers() {
    listener::events on;
    on.accepted = [this](unique_fd fd, const ip_endpoint& peer) {
      accepted.push_back(std::move(fd));
      peers.push_back(peer);
    };
    on.admit = [this] { return room > 0 && room-- > 0; };
    on.not_used = [this] { ++room; };
    on.failed = [this](error_code ec) { failures.push_back(ec); };
    return on;
  }

  void start(const listen_options& options = {}, const char* host = "127.0.0.1") {
    const char* step = nullptr;
    auto fd = listen_tcp({*ip_address::parse(host), 0}, options, &step);
    ASSERT_TRUE(fd) << step << ": " << describe(fd.error());
    at = test::address_of(fd->get());
    ASSERT_FALSE(listener.start(std::move(*fd)));
  }
  bool has(std::size_t count) {
    return test::turn_until(poller, [&] { return accepted.size() >= count; });
  }
};

TEST(Listener, AcceptsInBatchesAndTellsThePeer) {
  bench b;
  b.start();
  std::vector<unique_fd> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(test::connect_to(b.at));
  ASSERT_TRUE(b.has(200));
  EXPECT_EQ(b.peers[0], test::address_of(clients[0].get()));
  EXPECT_EQ(b.room, 800) << "an admission that nobody used is given back";
  const int flags = ::fcntl(b.accepted[0].get(), F_GETFL);
  EXPECT_TRUE((flags & O_NONBLOCK) != 0);
}

TEST(Listener, AcceptedSocketsInheritNodelayAndKeepalive) {
  bench b;
  listen_options options;
  options.alive = {std::chrono::seconds(7), 2};
  b.start(options);
  const auto client = test::connect_to(b.at);
  ASSERT_TRUE(b.has(1));
  const auto option = [&](int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    ::getsockopt(b.accepted[0].get(), level, name, &value, &length);
    return value;
  };
  EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 7);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 7);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPCNT), 2);
}

TEST(Listener, WaitsForRoomAndLosesNobody) {
  bench b;
  b.room = 2;
  b.start();
  std::vector<unique_fd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(test::connect_to(b.at));
  ASSERT_TRUE(b.has(2));
  for (int i = 0; i < 5; ++i) b.poller.turn(std::chrono::milliseconds(1));
  EXPECT_EQ(b.accepted.size(), 2U);
  b.room = 1000;
  b.listener.resume();
  ASSERT_TRUE(b.has(5));
}

TEST(Listener, PausesWhenDescriptorsRunOutAndGoesOn) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan itself opens pipes to look at memory";
#endif
  bench b;
  b.start();
  const auto client = test::connect_to(b.at);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const unique_fd next_free(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next_free.get()) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  const bool failed = test::turn_until(b.poller, [&] { return !b.failures.empty(); });
  for (int i = 0; i < 10; ++i) b.poller.turn(std::chrono::milliseconds(0));
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(failed);
  EXPECT_EQ(b.failures.size(), 1U) << "no busy loop";
  EXPECT_EQ(b.failures[0].value(), EMFILE);
  EXPECT_TRUE(b.accepted.empty());
  for (int i = 0; i < 3; ++i) b.wheel.advance(++b.clock);
  EXPECT_TRUE(b.has(1));
  EXPECT_EQ(b.room, 999);
}

TEST(Listener, StopsForGood) {
  bench b;
  b.start();
  b.listener.stop();
  EXPECT_THROW(test::connect_to(b.at), std::exception);
  b.listener.resume();
  b.poller.turn(std::chrono::milliseconds(0));
  EXPECT_TRUE(b.accepted.empty());
}

TEST(ListenTcp, ProbeFindsAListenerThatReusePortWouldHide) {
  listen_options options;
  options.reuse_port = true;
  const char* step = nullptr;
  const auto first = listen_tcp({*ip_address::parse("127.0.0.1"), 0}, options, &step);
  ASSERT_TRUE(first);
  const auto at = test::address_of(first->get());
  EXPECT_TRUE(listen_tcp(at, options, &step)) << "workers share an address";
  EXPECT_EQ(probe_listen(at, options, &step).value(), EADDRINUSE);
  EXPECT_STREQ(step, "binding");
  EXPECT_FALSE(probe_listen(test::refusing_address(), options, &step));
}

TEST(ListenTcp, NamesTheStepThatFailed) {
  const char* step = nullptr;
  EXPECT_FALSE(listen_tcp(*ip_endpoint::parse("192.0.2.1:0"), {}, &step));
  EXPECT_STREQ(step, "binding");
  listen_options options;
  options.interface = "nosuchdevice0";
  EXPECT_FALSE(listen_tcp(*ip_endpoint::parse("127.0.0.1:0"), options, &step));
  EXPECT_STREQ(step, "binding to the device");
}

TEST(ListenTcp, IPv6TakesIPv4OnlyWhenAllowed) {
  for (const bool only : {false, true}) {
    const char* step = nullptr;
    listen_options options;
    options.ipv6_only = only;
    const auto fd = listen_tcp({*ip_address::parse("::"), 0}, options, &step);
    ASSERT_TRUE(fd);
    const ip_endpoint v4{*ip_address::parse("127.0.0.1"), test::address_of(fd->get()).port};
    if (only) {
      EXPECT_THROW(test::connect_to(v4), std::exception);
    } else {
      EXPECT_NO_THROW(test::connect_to(v4));
    }
  }
}

// They have been told that they are connected; closing the listener would reset them.
TEST(Listener, TakesWhoWaitsBeforeItEnds) {
  bench b;
  b.start();
  b.room = 0;
  std::vector<unique_fd> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(test::connect_to(b.at));
  b.poller.turn(std::chrono::milliseconds(0));
  EXPECT_TRUE(b.accepted.empty());
  b.room = 70;
  b.listener.finish();
  EXPECT_EQ(b.accepted.size(), 70U) << "more than a batch, as far as there is room";
  b.room = 1000;
  b.listener.finish();
  EXPECT_EQ(b.accepted.size(), 100U);
  EXPECT_EQ(b.room, 970);
  b.listener.stop();
  b.listener.finish();
  EXPECT_EQ(b.accepted.size(), 100U) << "there is none any more";
}

TEST(Listener, WhatIsBoundOnlyHasNoClients) {
  const char* step = nullptr;
  const ip_endpoint any{*ip_address::parse("127.0.0.1"), 0};
  const auto fd = bind_tcp(any, {}, &step);
  ASSERT_TRUE(fd) << step;
  const auto at = test::address_of(fd->get());
  EXPECT_ANY_THROW(test::connect_to(at));
  ASSERT_FALSE(begin_listening(fd->get(), {}));
  EXPECT_TRUE(test::connect_to(at));
}

// One of ours takes the place of another; for a foreigner the port stays taken.
TEST(Listener, ItsPortIsSharedWithWhoeverWantsToShareIt) {
  bench b;
  b.start();
  const char* step = nullptr;
  listen_options sharing;
  sharing.reuse_port = true;
  EXPECT_TRUE(bind_tcp(b.at, sharing, &step)) << step;
  EXPECT_FALSE(listen_tcp(b.at, {}, &step));
  EXPECT_TRUE(probe_listen(b.at, {}, &step));
}

}  // namespace
}  // namespace relay::net
