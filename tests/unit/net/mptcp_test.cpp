#include "support/sockets.hpp"

#include <relay/net/connecting.hpp>
#include <relay/net/datagram_socket.hpp>
#include <relay/net/socket.hpp>

#include <gtest/gtest.h>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

// `accept_mptcp` and `send_mptcp` (spec 2.4). What a kernel without Multipath TCP says is tested
// with the built binary (tests/e2e/mptcp_test.py), in a network where it is switched off.
namespace relay::net {
namespace {

using namespace std::chrono_literals;

class Mptcp : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (const auto ec = lacks_mptcp()) GTEST_SKIP() << "no Multipath TCP here: " << describe(ec);
  }

  unique_fd listen(bool mptcp, bool reuse_port = false, std::uint16_t port = 0) {
    listen_options options;
    options.mptcp = mptcp;
    options.reuse_port = reuse_port;
    options.alive = {std::chrono::seconds(7), 2};
    auto fd = listen_tcp({*ip_address::parse(GetParam()), port}, options, &step_);
    EXPECT_TRUE(fd) << step_ << ": " << describe(fd.error());
    return std::move(*fd);
  }

  error_code connect(const ip_endpoint& to, bool mptcp) {
    dial_options options;
    options.mptcp = mptcp;
    options.alive = {std::chrono::seconds(9), 4};
    std::optional<error_code> outcome;
    connecting attempt(dialled_, wheel_, [&](error_code ec) { outcome = ec; });
    attempt.start(to, options, 5s);
    EXPECT_TRUE(test::turn_until(poller_, [&] { return outcome.has_value(); }));
    step_ = attempt.step();
    return outcome.value_or(make_error_code(errc::timed_out));
  }

  static int option(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    ::getsockopt(fd, level, name, &value, &length);
    return value;
  }

  net::poller poller_{[] {}};
  timer_wheel wheel_{[] { return 0U; }};
  watch dialled_{poller_};
  const char* step_ = nullptr;
};

TEST_P(Mptcp, IsSpokenBetweenBothSidesAndKeepsTheOptionsOfPlainSockets) {
  const auto listener = listen(true);
  ASSERT_FALSE(connect(test::address_of(listener.get()), true));
  const auto accepted = test::accept_one(listener.get());
  for (const int fd : {dialled_.fd(), accepted.get()}) {
    EXPECT_TRUE(is_mptcp(fd));
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_PROTOCOL), 262);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  }
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPIDLE), 7);
  EXPECT_EQ(option(dialled_.fd(), IPPROTO_TCP, TCP_KEEPIDLE), 9);
  test::send_all(dialled_.fd(), "hello");
  EXPECT_EQ(test::read_exactly(accepted.get(), 5), "hello");
}

TEST_P(Mptcp, PlainClientsAreServedByTheSameListener) {
  const auto listener = listen(true);
  const auto client = test::connect_to(test::address_of(listener.get()));
  const auto accepted = test::accept_one(listener.get());
  EXPECT_FALSE(is_mptcp(accepted.get()));
  test::send_all(client.get(), "hello");
  EXPECT_EQ(test::read_exactly(accepted.get(), 5), "hello");
}

TEST_P(Mptcp, APlainRemoteIsReachedAsPlainTcp) {
  const auto listener = listen(false);
  ASSERT_FALSE(connect(test::address_of(listener.get()), true));
  const auto accepted = test::accept_one(listener.get());
  EXPECT_FALSE(is_mptcp(accepted.get()));
  test::send_all(accepted.get(), "hello");
  EXPECT_EQ(test::read_exactly(dialled_.fd(), 5), "hello");
}

TEST_P(Mptcp, SeveralWorkersListenAtOneAddress) {
  ASSERT_TRUE(mptcp_shares_ports());
  const auto first = listen(true, true);
  const auto at = test::address_of(first.get());
  const auto second = listen(true, true, at.port);
  EXPECT_EQ(test::address_of(second.get()), at);
  listen_options options;
  options.mptcp = options.reuse_port = true;
  EXPECT_EQ(probe_listen(at, options, &step_).value(), EADDRINUSE);
}

TEST_P(Mptcp, ARefusedConnectIsRefused) {
  auto gone = listen(true);
  const auto at = test::address_of(gone.get());
  gone.reset();
  EXPECT_EQ(connect(at, true).value(), ECONNREFUSED);
  EXPECT_STREQ(step_, "connecting");
}

TEST_P(Mptcp, IsNothingForDatagrams) {
  listen_options options;
  options.mptcp = true;
  const auto fd = listen_udp({*ip_address::parse(GetParam()), 0}, options, &step_);
  ASSERT_TRUE(fd) << step_ << ": " << describe(fd.error());
  EXPECT_EQ(option(fd->get(), SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
}

INSTANTIATE_TEST_SUITE_P(Families, Mptcp, ::testing::Values("127.0.0.1", "::1"),
                         [](const auto& each) {
                           return std::string(each.param) == "::1" ? "IPv6" : "IPv4";
                         });

TEST(MptcpAdvice, KnowsWhatKernelsSay) {
  const auto about = [](int number) {
    return std::string(advice_on_mptcp({number, boost::system::system_category()}));
  };
  EXPECT_NE(about(ENOPROTOOPT).find("sysctl -w net.mptcp.enabled=1"), std::string::npos);
  EXPECT_NE(about(EPROTONOSUPPORT).find("Linux 5.6"), std::string::npos);
  EXPECT_NE(about(EINVAL).find("Linux 5.6"), std::string::npos);
  EXPECT_EQ(about(EADDRINUSE), "");
  EXPECT_EQ(about(EMFILE), "");
}

TEST(MptcpAdvice, APlainSocketIsNotMptcp) {
  EXPECT_FALSE(is_mptcp(test::listen_any().get()));
  EXPECT_FALSE(is_mptcp(-1));
}

}  // namespace
}  // namespace relay::net
