#include "support/sockets.hpp"

#include <relay/net/datagram_socket.hpp>

#include <gtest/gtest.h>

#include <set>

namespace relay::net {
namespace {

const ip_endpoint anywhere = *ip_endpoint::parse("127.0.0.1:0");

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &length), 0);
  return value;
}

unique_fd listening(const char* at, const listen_options& options = {}) {
  const char* step = "";
  auto fd = listen_udp(*ip_endpoint::parse(at), options, &step);
  EXPECT_TRUE(fd) << step;
  return fd ? std::move(*fd) : unique_fd();
}

TEST(ListenUdp, AsksForOwnAddressesOnlyWhereThereAreSeveral) {
  EXPECT_EQ(option(listening("0.0.0.0:0").get(), IPPROTO_IP, IP_PKTINFO), 1);
  EXPECT_EQ(option(listening("[::]:0").get(), IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
  EXPECT_EQ(option(listening("127.0.0.1:0").get(), IPPROTO_IP, IP_PKTINFO), 0);
}

// The kernel's default is one family of the two at a socket of IPv6.
TEST(ListenUdp, HearsTheGroupsOfBothFamilies) {
  EXPECT_EQ(option(listening("0.0.0.0:0").get(), IPPROTO_IP, IP_MULTICAST_ALL), 1);
  EXPECT_EQ(option(listening("[::]:0").get(), IPPROTO_IP, IP_MULTICAST_ALL), 1);
  EXPECT_EQ(option(listening("[::]:0").get(), IPPROTO_IPV6, IPV6_MULTICAST_ALL), 1);
  const unique_fd inherited(::socket(AF_INET6, SOCK_DGRAM, 0));
  adopt_udp(inherited.get(), *ip_address::parse("::"));
  EXPECT_EQ(option(inherited.get(), IPPROTO_IP, IP_MULTICAST_ALL), 1);
}

TEST(ListenUdp, SetsBothValuesOfV6Only) {
  listen_options options;
  EXPECT_EQ(option(listening("[::]:0", options).get(), IPPROTO_IPV6, IPV6_V6ONLY), 0);
  options.ipv6_only = true;
  EXPECT_EQ(option(listening("[::]:0", options).get(), IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

TEST(ListenUdp, RefusesAnAddressThatIsTaken) {
  const auto first = listening("127.0.0.1:0");
  const auto at = test::address_of(first.get());
  const char* step = "";
  const auto second = listen_udp(at, {}, &step);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().value(), EADDRINUSE);
  EXPECT_STREQ(step, "binding");
}

TEST(ListenUdp, SeveralWorkersShareAnAddressAndTheProbeSeesIt) {
  listen_options options;
  EXPECT_FALSE(probe_udp(anywhere, options));
  options.reuse_port = true;
  const auto first = listening("127.0.0.1:0", options);
  const auto at = test::address_of(first.get());
  const char* step = "";
  EXPECT_TRUE(listen_udp(at, options, &step));
  EXPECT_EQ(probe_udp(at, options).value(), EADDRINUSE);
}

TEST(ListenUdp, AnInheritedSocketBecomesLikeOurs) {
  const unique_fd fd(::socket(AF_INET, SOCK_DGRAM, 0));
  adopt_udp(fd.get(), ip_address());
  EXPECT_EQ(option(fd.get(), IPPROTO_IP, IP_PKTINFO), 1);
}

TEST(OpenUdp, HasAPortOfItsOwnBeforeAnythingIsSent) {
  std::set<std::uint16_t> ports;
  std::vector<unique_fd> all;
  const char* step = "";
  for (int i = 0; i < 500; ++i) {
    auto fd = open_udp(AF_INET, {}, &step);
    ASSERT_TRUE(fd) << step;
    ports.insert(test::address_of(fd->get()).port);
    all.push_back(std::move(*fd));
  }
  EXPECT_EQ(ports.size(), 500U);
  EXPECT_EQ(ports.count(0), 0U);
  EXPECT_EQ(option(all[0].get(), SOL_SOCKET, SO_REUSEADDR), 0);
  EXPECT_EQ(option(all[0].get(), SOL_SOCKET, SO_REUSEPORT), 0);
}

TEST(OpenUdp, LeavesFromThrough) {
  dial_options options;
  options.through = ip_endpoint::parse("127.0.0.7:0");
  const char* step = "";
  const auto fd = open_udp(AF_INET, options, &step);
  ASSERT_TRUE(fd) << step;
  EXPECT_EQ(test::address_of(fd->get()).address, ip_address::parse("127.0.0.7"));
}

TEST(OpenUdp, SaysThatThePortOfThroughIsTaken) {
  const auto taken = listening("127.0.0.1:0");
  dial_options options;
  options.through = test::address_of(taken.get());
  const char* step = "";
  const auto fd = open_udp(AF_INET, options, &step);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().value(), EADDRINUSE);
  EXPECT_STREQ(step, "binding to `through`");
}

TEST(OpenUdp, IsToldWhoRefuses) {
  for (const char* host : {"127.0.0.1:0", "[::1]:0"}) {
    const auto nobody = test::address_of(test::udp_socket(host).get());
    const char* step = "";
    const auto fd = open_udp(nobody.address.family(), {}, &step);
    ASSERT_TRUE(fd) << step;
    EXPECT_FALSE(take_refusal(fd->get()));
    test::send_datagram(fd->get(), "anybody?", nobody);
    const auto told = take_refusal(fd->get());
    ASSERT_TRUE(told) << host;
    EXPECT_EQ(told->to.endpoint(), nobody);
    EXPECT_EQ(told->why.value(), ECONNREFUSED);
    EXPECT_FALSE(take_refusal(fd->get()));
    EXPECT_FALSE(pending_error(fd->get())) << "nothing is left that the next call would be told";
  }
}

TEST(OpenUdp, SaysThatThereIsNoSuchDevice) {
  dial_options options;
  options.interface = "no-such-dev0";
  const char* step = "";
  const auto fd = open_udp(AF_INET6, options, &step);
  ASSERT_FALSE(fd);
  EXPECT_STREQ(step, "binding to the device");
}

}  // namespace
}  // namespace relay::net
