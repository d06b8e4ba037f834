#include "support/scratch_directory.hpp"

#include <relay/names/server_book.hpp>

#include <gtest/gtest.h>

namespace relay::names {
namespace {

using namespace std::chrono_literals;
using list = std::vector<std::string>;

host_port literal(const char* address, std::uint16_t port) {
  return {address, ip_address::parse(address), {port, port}};
}
host_port named(const char* name, std::uint16_t port) { return {name, std::nullopt, {port, port}}; }

list texts(const upstream& from) {
  list made;
  for (const auto& each : from.servers.list) made.push_back(each.to_string());
  return made;
}

resolv_conf system_with_everything() {
  return parse_resolv_conf(
      "nameserver 192.0.2.1\nsearch a.test\noptions timeout:3 attempts:4 ndots:2 rotate\n");
}

TEST(Upstream, TheSystemsConfigurationCountsWholly) {
  const auto made = make_upstream({}, system_with_everything(), {});
  EXPECT_EQ(texts(made), (list{"192.0.2.1:53"}));
  EXPECT_EQ(made.servers.timeout, 3s);
  EXPECT_EQ(made.servers.tries, 4);
  EXPECT_TRUE(made.servers.rotate);
  EXPECT_EQ(made.conf.search, (list{"a.test"}));
  EXPECT_EQ(made.conf.ndots, 2);
}

TEST(Upstream, AGivenProtocolDropsTheSearchListOnly) {
  config::dns options;
  options.protocol_given = true;
  options.protocol = config::dns_protocol::tcp;
  const auto made = make_upstream(options, system_with_everything(), {});
  EXPECT_EQ(texts(made), (list{"192.0.2.1:53"}));
  EXPECT_EQ(made.servers.protocol, config::dns_protocol::tcp);
  EXPECT_EQ(made.conf, resolv_conf{});
}

TEST(Upstream, OwnNameServersReplaceAllOfTheSystems) {
  config::dns options;
  options.nameservers = {literal("192.0.2.9", 5353), literal("2001:db8::9", 53)};
  const auto made = make_upstream(options, system_with_everything(), {});
  EXPECT_EQ(texts(made), (list{"192.0.2.9:5353", "[2001:db8::9]:53"}));
  EXPECT_EQ(made.servers.timeout, name_servers{}.timeout);
  EXPECT_EQ(made.conf, resolv_conf{});
}

TEST(Upstream, WithoutAnyNameServerThePublicOnesAreAsked) {
  EXPECT_EQ(
      texts(make_upstream({}, {}, {})),
      (list{"8.8.8.8:53", "8.8.4.4:53", "[2001:4860:4860::8888]:53", "[2001:4860:4860::8844]:53"}));
}

TEST(Upstream, NameServersGivenByNameTakeTheirPlaceOnceKnown) {
  config::dns options;
  options.nameservers = {named("dns.test", 5300), literal("192.0.2.9", 53)};
  EXPECT_EQ(texts(make_upstream(options, {}, {})), (list{"192.0.2.9:53"}));
  name_map<std::vector<ip_address>> known;
  known["dns.test"] = {*ip_address::parse("192.0.2.7"), *ip_address::parse("::1")};
  EXPECT_EQ(texts(make_upstream(options, {}, known)),
            (list{"192.0.2.7:5300", "[::1]:5300", "192.0.2.9:53"}));
}

class ServerBook : public ::testing::Test {
 protected:
  ServerBook() { options_.nameservers = {named("dns.test", 53), named("other.test", 53)}; }
  config::dns options_;
  server_book::time_point now_{1000h};
};

TEST_F(ServerBook, AsksForNamesOnceAtATime) {
  server_book book(options_, "/nonexistent");
  EXPECT_EQ(book.wanted(now_), (list{"dns.test", "other.test"}));
  EXPECT_TRUE(book.is_waiting());
  EXPECT_TRUE(book.wanted(now_).empty());
}

TEST_F(ServerBook, WhatFailedIsTriedAgainLaterWhatIsKnownIsKept) {
  server_book book(options_, "/nonexistent");
  book.wanted(now_);
  const auto before = book.current(now_);
  EXPECT_TRUE(before->servers.list.empty());
  name_map<std::vector<ip_address>> found;
  found["dns.test"] = {*ip_address::parse("192.0.2.7")};
  found["other.test"] = {};
  book.resolved(found, now_);
  EXPECT_FALSE(book.is_waiting());
  EXPECT_EQ(texts(*book.current(now_)), (list{"192.0.2.7:53"}));
  EXPECT_TRUE(book.wanted(now_).empty());
  now_ += server_book::retry_after;
  EXPECT_EQ(book.wanted(now_), (list{"other.test"}));
  book.resolved({}, now_);
  EXPECT_EQ(texts(*book.current(now_)), (list{"192.0.2.7:53"}));
}

TEST_F(ServerBook, LiteralsNeedNoLookup) {
  options_.nameservers = {literal("192.0.2.9", 53)};
  server_book book(options_, "/nonexistent");
  EXPECT_TRUE(book.wanted(now_).empty());
}

TEST(ServerBookFile, FollowsResolvConf) {
  const test::scratch_directory directory;
  const auto file = directory.path() + "/resolv.conf";
  server_book::time_point now{1000h};
  server_book book({}, file);
  EXPECT_EQ(book.current(now)->servers.list.size(), 4u) << "the public ones";
  directory.file("resolv.conf", "nameserver 192.0.2.1\n");
  now += 1min;
  const auto first = book.current(now);
  EXPECT_EQ(texts(*first), (list{"192.0.2.1:53"}));
  now += 1min;
  EXPECT_EQ(book.current(now), first) << "unchanged: the same object";
  directory.file("resolv.conf", "nameserver 192.0.2.22\n");
  now += 1min;
  EXPECT_EQ(texts(*book.current(now)), (list{"192.0.2.22:53"}));
}

TEST_F(ServerBook, OneNameServersNameGivesAFewAddressesOnly) {
  server_book book(options_, "/nonexistent");
  book.wanted(now_);
  name_map<std::vector<ip_address>> found;
  found["dns.test"].assign(100, *ip_address::parse("192.0.2.7"));
  book.resolved(found, now_);
  EXPECT_EQ(book.current(now_)->servers.list.size(), 4u);
}

}  // namespace
}  // namespace relay::names
