#include "support/scratch_directory.hpp"

#include <relay/base/log.hpp>
#include <relay/forward/own_listener.hpp>

#include <gtest/gtest.h>

#include <ifaddrs.h>
#include <net/if.h>

#include <memory>

namespace relay::forward {
namespace {

struct bench {
  bench() : log(logs::level::off, "stdout") {
    from.listen = *parse_listen("0.0.0.0:5000");
    from.remote = *parse_remote("10.0.0.1:80");
  }
  bool leads(const char* listening, const char* target) {
    rule made(from, {}, log.target("x"));
    made.listening(*ip_endpoint::parse(listening));
    return leads_back(made, *ip_endpoint::parse(target));
  }

  logs log;
  config::endpoint from;
};

/// An address of this machine that is not the loopback's.
std::optional<ip_address> address_of_this_machine() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(all, &::freeifaddrs);
  for (auto* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    if ((each->ifa_flags & IFF_UP) == 0 || (each->ifa_flags & IFF_LOOPBACK) != 0) continue;
    socket_address found;
    std::copy_n(reinterpret_cast<const char*>(each->ifa_addr), sizeof found.v4,
                reinterpret_cast<char*>(&found.v4));
    return found.endpoint().address;
  }
  return std::nullopt;
}

TEST(OwnListeners, KnowWhichEndpointAnAddressLeadsTo) {
  bench b;
  own_listeners all;
  EXPECT_EQ(all.at(*ip_endpoint::parse("127.0.0.1:5000")), nullptr);
  rule one(b.from, {}, b.log.target("x"));
  all.add(one);
  EXPECT_EQ(all.at(*ip_endpoint::parse("127.0.0.1:5000")), nullptr) << "it does not listen";
  one.listening(*ip_endpoint::parse("127.0.0.1:5000"));
  all.add(one);
  b.from.listen = *parse_listen("127.0.0.2:6000-6010");
  rule range(b.from, {}, b.log.target("x"));
  range.listening(*ip_endpoint::parse("127.0.0.2:6000"));
  all.add(range);
  EXPECT_EQ(all.at(*ip_endpoint::parse("127.0.0.1:5000")), &one);
  EXPECT_EQ(all.at(*ip_endpoint::parse("127.0.0.2:5000")), nullptr);
  EXPECT_EQ(all.at(*ip_endpoint::parse("127.0.0.2:6010")), &range);
  EXPECT_EQ(all.at(*ip_endpoint::parse("127.0.0.2:6011")), nullptr);
  EXPECT_EQ(all.at(*ip_endpoint::parse("127.0.0.1:6000")), nullptr);
}

TEST(OwnListener, IsUnknownBeforeItListens) {
  bench b;
  const rule made(b.from, {}, b.log.target("x"));
  EXPECT_FALSE(leads_back(made, *ip_endpoint::parse("127.0.0.1:5000")));
}

TEST(OwnListener, IsReachedAtItsAddressAndPort) {
  bench b;
  EXPECT_TRUE(b.leads("127.0.0.1:5000", "127.0.0.1:5000"));
  EXPECT_FALSE(b.leads("127.0.0.1:5000", "127.0.0.1:5001"));
  EXPECT_FALSE(b.leads("127.0.0.1:5000", "127.0.0.2:5000"));
  EXPECT_TRUE(b.leads("0.0.0.0:5000", "127.0.0.2:5000"));
  EXPECT_TRUE(b.leads("[::]:5000", "127.0.0.2:5000"));
  EXPECT_FALSE(b.leads("0.0.0.0:5000", "[::1]:5000"));
}

TEST(OwnListener, IsReachedAtEveryPortOfItsRange) {
  bench b;
  b.from.listen = *parse_listen("127.0.0.1:5000-5009");
  EXPECT_TRUE(b.leads("127.0.0.1:5000", "127.0.0.1:5009"));
  EXPECT_FALSE(b.leads("127.0.0.1:5000", "127.0.0.1:5010"));
  EXPECT_FALSE(b.leads("127.0.0.1:5000", "127.0.0.1:4999"));
}

TEST(OwnListener, IsFoundAtThePortThatTheKernelChose) {
  bench b;
  b.from.listen = *parse_listen("127.0.0.1:0");
  EXPECT_TRUE(b.leads("127.0.0.1:34567", "127.0.0.1:34567"));
}

TEST(OwnListener, IsReachedAtEveryAddressOfTheMachine) {
  const auto own = address_of_this_machine();
  if (!own) GTEST_SKIP() << "this machine has no address but the loopback's";
  bench b;
  EXPECT_TRUE(b.leads("0.0.0.0:5000", (own->to_string() + ":5000").c_str()));
  EXPECT_TRUE(b.leads("[::]:5000", (own->to_string() + ":5000").c_str()));
  EXPECT_TRUE(b.leads("[::]:5000", ("[::ffff:" + own->to_string() + "]:5000").c_str()));
  EXPECT_FALSE(b.leads("127.0.0.1:5000", (own->to_string() + ":5000").c_str()));
}

TEST(OwnListener, IsNotReachedAtAddressesOfOthers) {
  bench b;
  EXPECT_FALSE(b.leads("0.0.0.0:5000", "192.0.2.1:5000"));
  EXPECT_FALSE(b.leads("[::]:5000", "192.0.2.1:5000"));
  EXPECT_FALSE(b.leads("[::]:5000", "[2001:db8::1]:5000"));
}

TEST(OwnListener, WithoutIpv4OnItsSocketIpv4DoesNotReachIt) {
  bench b;
  b.from.network.ipv6_only = true;
  EXPECT_FALSE(b.leads("[::]:5000", "127.0.0.1:5000"));
  EXPECT_TRUE(b.leads("[::]:5000", "[::1]:5000"));
}

TEST(OwnListener, AtADeviceIsNotReachedFromTheMachineItself) {
  bench b;
  b.from.listen_interface = "eth0";
  EXPECT_FALSE(b.leads("0.0.0.0:5000", "127.0.0.1:5000"));
  b.from.listen_interface = "lo";
  EXPECT_TRUE(b.leads("0.0.0.0:5000", "127.0.0.1:5000"));
}

}  // namespace
}  // namespace relay::forward
