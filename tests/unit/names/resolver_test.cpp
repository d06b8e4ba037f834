#include "unit/names/resolver_fixture.hpp"

#include <gtest/gtest.h>

namespace relay::test {
namespace {

using texts = std::vector<std::string>;
using config::dns_mode;
using config::dns_protocol;

TEST_F(ResolverTest, AsksForBothFamiliesAndPutsIpv4First) {
  name_server server(answering("192.0.2.1", "2001:db8::1"));
  ask(server);
  EXPECT_EQ(lookup("both.test"), (texts{"192.0.2.1", "2001:db8::1"}));
  EXPECT_EQ(server.asked(), 2);
}

struct mode_case {
  dns_mode mode;
  const char *v4, *v6;  // what the name has
  texts expected;
  int questions;
};
class ResolverMode : public ResolverTest, public ::testing::WithParamInterface<mode_case> {};

TEST_P(ResolverMode, AsksAndOrders) {
  const auto& given = GetParam();
  name_server server(answering(given.v4, given.v6));
  ask(server);
  dns_.mode = given.mode;
  EXPECT_EQ(lookup("name.test"), given.expected);
  EXPECT_EQ(server.asked(), given.questions);
}

INSTANTIATE_TEST_SUITE_P(
    All, ResolverMode,
    ::testing::Values(
        mode_case{dns_mode::ipv4_only, "192.0.2.1", "2001:db8::1", {"192.0.2.1"}, 1},
        mode_case{dns_mode::ipv6_only, "192.0.2.1", "2001:db8::1", {"2001:db8::1"}, 1},
        mode_case{dns_mode::ipv4_then_ipv6, "192.0.2.1", "2001:db8::1", {"192.0.2.1"}, 1},
        mode_case{dns_mode::ipv4_then_ipv6, "", "2001:db8::1", {"2001:db8::1"}, 2},
        mode_case{dns_mode::ipv6_then_ipv4, "192.0.2.1", "2001:db8::1", {"2001:db8::1"}, 1},
        mode_case{dns_mode::ipv6_then_ipv4, "192.0.2.1", "", {"192.0.2.1"}, 2},
        mode_case{dns_mode::ipv4_and_ipv6, "", "2001:db8::1", {"2001:db8::1"}, 2},
        mode_case{dns_mode::ipv4_and_ipv6, "192.0.2.1", "", {"192.0.2.1"}, 2}));

TEST_F(ResolverTest, OneFamilyFailingIsTolerated) {
  name_server server([](const dns_query& query) {
    dns_response made(query, query.type == type_a ? 0 : 2);
    if (query.type == type_a) made.address("192.0.2.1", 60);
    return std::vector<bytes>(1, made.as_bytes());
  });
  ask(server);
  EXPECT_EQ(lookup("half.test"), (texts{"192.0.2.1"}));
}

TEST_F(ResolverTest, OneFamilyWithoutAnyAnswerCostsAGraceOnly) {
  name_server server([](const dns_query& query) {
    std::vector<bytes> made;
    if (query.type == type_aaaa) made.push_back(dns_response(query).address("::2", 60).as_bytes());
    return made;
  });
  ask(server);
  around_.grace = 20ms;
  EXPECT_EQ(lookup("half.test"), (texts{"::2"}));
  EXPECT_EQ(cached("half.test"), (texts{"::2"}));
  clock_.advance(31s);
  EXPECT_EQ(cached("half.test"), (texts{"nothing"})) << "asked again sooner than its TTL says";
}

TEST_F(ResolverTest, TheSecondLookupIsAnsweredFromTheCache) {
  name_server server(answering("192.0.2.1", "", 30));
  ask(server);
  EXPECT_EQ(cached("Name.Test"), (texts{"nothing"}));
  EXPECT_EQ(lookup("Name.Test"), (texts{"192.0.2.1"}));
  clock_.advance(26s);
  EXPECT_EQ(cached("name.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(lookup("NAME.TEST"), (texts{"192.0.2.1"}));
  EXPECT_EQ(server.asked(), 2) << "case does not matter";
  clock_.advance(4s);
  EXPECT_EQ(cached("name.test"), (texts{"nothing"}));
  lookup("name.test");
  EXPECT_EQ(server.asked(), 4);
}

TEST_F(ResolverTest, NobodyWaitsForTheRenewalOfAnAnswerAboutToExpire) {
  name_server server(answering("192.0.2.1", "", 30));
  ask(server);
  lookup("name.test");
  server.hold();
  clock_.advance(28s);
  EXPECT_EQ(cached("name.test"), (texts{"nothing"})) << "somebody has to start it";
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(cached("name.test"), (texts{"192.0.2.1"}));
  EXPECT_TRUE(server.wait_for(4));
  EXPECT_EQ(warnings(), 0);
}

TEST_F(ResolverTest, TheConfiguredTtlBoundsCount) {
  name_server server(answering("192.0.2.1", "", 1));
  ask(server);
  dns_.min_ttl = 100s;
  lookup("name.test");
  clock_.advance(89s);
  EXPECT_EQ(cached("name.test"), (texts{"192.0.2.1"}));
}

TEST_F(ResolverTest, WithoutACacheEveryLookupAsks) {
  name_server server(answering("192.0.2.1", ""));
  ask(server);
  dns_.cache_size = 0;
  dns_.mode = dns_mode::ipv4_only;
  lookup("name.test");
  EXPECT_EQ(cached("name.test"), (texts{"nothing"}));
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(server.asked(), 2);
}

TEST_F(ResolverTest, AliasesLeadToTheAddress) {
  name_server server([](const dns_query& query) {
    dns_response made(query);
    made.alias("real.test", 10);
    if (query.type == type_a) made.address("192.0.2.1", 60, "real.test");
    return std::vector<bytes>(1, made.as_bytes());
  });
  ask(server);
  EXPECT_EQ(lookup("alias.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(cached("alias.test"), (texts{"192.0.2.1"}));
  clock_.advance(10s);
  EXPECT_EQ(cached("alias.test"), (texts{"nothing"}));
}

TEST_F(ResolverTest, LiteralsAndLocalhostAreAnsweredWithoutAsking) {
  name_server server(answering("192.0.2.1", ""));
  ask(server);
  EXPECT_EQ(lookup("192.0.2.77"), (texts{"192.0.2.77"}));
  EXPECT_EQ(cached("2001:DB8::5"), (texts{"2001:db8::5"}));
  EXPECT_EQ(cached("localhost"), (texts{"127.0.0.1", "::1"}));
  EXPECT_EQ(cached("Some.Localhost."), (texts{"127.0.0.1", "::1"}));
  EXPECT_EQ(cached(""), error(errc::no_such_name));
  EXPECT_EQ(cached("."), error(errc::no_such_name));
  EXPECT_EQ(server.asked(), 0);
}

TEST_F(ResolverTest, TheHostsFileComesFirstAndIsFollowed) {
  name_server server(answering("192.0.2.1", ""));
  ask(server);
  const scratch_directory directory;
  around_.hosts = directory.file("hosts", "198.51.100.1 Known.Test\n2001:db8::7 known.test\n");
  EXPECT_EQ(cached("known.test."), (texts{"198.51.100.1", "2001:db8::7"}));
  EXPECT_EQ(lookup("KNOWN.test"), (texts{"198.51.100.1", "2001:db8::7"}));
  EXPECT_EQ(server.asked(), 0);
  directory.file("hosts", "198.51.100.22 known.test\n");
  clock_.advance(10s);
  EXPECT_EQ(cached("known.test"), (texts{"198.51.100.22"}));
  directory.file("hosts", "");
  clock_.advance(10s);
  EXPECT_EQ(lookup("known.test"), (texts{"192.0.2.1"}));
}

TEST_F(ResolverTest, AHostsEntryOfZerosBlocksTheName) {
  name_server server(answering("192.0.2.1", ""));
  ask(server);
  const scratch_directory directory;
  around_.hosts = directory.file("hosts",
                                 "0.0.0.0 bad.test\n:: bad.test\n"
                                 "0.0.0.0 half.test\n198.51.100.1 half.test\n");
  EXPECT_EQ(cached("bad.test"), error(errc::null_address));
  EXPECT_EQ(lookup("bad.test"), error(errc::null_address));
  EXPECT_EQ(cached("half.test"), (texts{"198.51.100.1"}));
  EXPECT_EQ(server.asked(), 0);
}

TEST_F(ResolverTest, AHostsEntryOfAnUnwantedFamilyDoesNotCount) {
  name_server server(answering("192.0.2.1", ""));
  ask(server);
  const scratch_directory directory;
  around_.hosts = directory.file("hosts", "2001:db8::7 known.test\n");
  dns_.mode = dns_mode::ipv4_only;
  EXPECT_EQ(lookup("known.test"), (texts{"192.0.2.1"}));
}

// Three addresses over TCP; over UDP one of them and the mark of truncation.
name_server::script too_long(bool keep_one) {
  return [=](const dns_query& query) {
    dns_response made(query);
    if (query.over_tcp) {
      made.address("192.0.2.1", 60).address("192.0.2.2", 60).address("192.0.2.3", 60);
    } else {
      made.truncated();
      if (keep_one) made.address("192.0.2.1", 60);
    }
    return std::vector<bytes>(1, made.as_bytes());
  };
}

TEST_F(ResolverTest, ATruncatedAnswerIsFetchedAgainOverTcp) {
  name_server server(too_long(true));
  ask(server);
  dns_.mode = dns_mode::ipv4_only;
  EXPECT_EQ(lookup("long.test").size(), 3u);
  EXPECT_EQ(server.asked(), 2);
  EXPECT_EQ(server.asked_over_tcp(), 1);
}

TEST_F(ResolverTest, WithUdpOnlyATruncatedAnswerIsUsedAsFarAsItGoes) {
  name_server server(too_long(true));
  ask(server);
  dns_.mode = dns_mode::ipv4_only;
  dns_.protocol = dns_protocol::udp;
  EXPECT_EQ(lookup("long.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(server.asked_over_tcp(), 0);
}

TEST_F(ResolverTest, WithUdpOnlyATruncatedAnswerWithoutAddressesFails) {
  name_server server(too_long(false));
  ask(server);
  dns_.mode = dns_mode::ipv4_only;
  dns_.protocol = dns_protocol::udp;
  EXPECT_EQ(lookup("long.test"), error(errc::lookup_failed));
}

TEST_F(ResolverTest, WithUdpOnlyAnOverlongAnswerIsUsedAsFarAsItGoes) {
  name_server server([](const dns_query& query) {
    dns_response made(query);
    for (int i = 1; i < 60; ++i) made.address("192.0.2." + std::to_string(i), 60);
    return std::vector<bytes>(1, made.as_bytes());
  });
  ask(server);
  dns_.mode = dns_mode::ipv4_only;
  dns_.protocol = dns_protocol::udp;
  EXPECT_GT(lookup("long.test").size(), 20u);
}

TEST_F(ResolverTest, WithTcpOnlyNothingGoesOverUdp) {
  name_server server(answering("192.0.2.1", "2001:db8::1"));
  ask(server);
  dns_.protocol = dns_protocol::tcp;
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1", "2001:db8::1"}));
  EXPECT_EQ(server.asked(), 2);
  EXPECT_EQ(server.asked_over_tcp(), 2);
}

// Knows only `www.b.test`.
std::vector<bytes> only_in_b(const dns_query& query) {
  dns_response made(query, query.name == "www.b.test" ? 0 : 3);
  if (query.name != "www.b.test") made.soa(60, 60);
  if (query.name == "www.b.test" && query.type == type_a) made.address("192.0.2.1", 60);
  return std::vector<bytes>(1, made.as_bytes());
}

TEST_F(ResolverTest, TheSystemsSearchListIsTriedInOrder) {
  name_server server(only_in_b);
  const scratch_directory directory;
  around_.resolv_conf =
      directory.file("resolv.conf", "nameserver 127.0.0.1\nsearch a.test b.test\n");
  around_.system_port = server.endpoint().port;
  EXPECT_EQ(lookup("www"), (texts{"192.0.2.1"}));
  EXPECT_EQ(server.asked("www.a.test", type_a), 1);
  EXPECT_EQ(server.asked("www", type_a), 0);
  EXPECT_EQ(lookup("www."), error(errc::no_such_name)) << "a last dot: as it is";
  EXPECT_EQ(server.asked("www", type_a), 1);
}

TEST_F(ResolverTest, AGivenProtocolSwitchesTheSearchListOff) {
  name_server server(only_in_b);
  const scratch_directory directory;
  around_.resolv_conf = directory.file("resolv.conf", "nameserver 127.0.0.1\nsearch b.test\n");
  around_.system_port = server.endpoint().port;
  dns_.protocol_given = true;
  EXPECT_EQ(lookup("www"), error(errc::no_such_name));
  EXPECT_EQ(server.asked("www.b.test", type_a), 0);
}

TEST_F(ResolverTest, ChangedNameServersAreAskedFromThenOn) {
  name_server first(answering("192.0.2.1", ""));
  const scratch_directory directory;
  around_.resolv_conf = directory.file("resolv.conf", "nameserver 127.0.0.1\n");
  around_.system_port = first.endpoint().port;
  dns_.mode = dns_mode::ipv4_only;
  EXPECT_EQ(lookup("one"), (texts{"192.0.2.1"}));
  directory.file("resolv.conf", "nameserver 127.0.0.1\nsearch new.test\n");
  clock_.advance(10s);
  lookup("two");
  EXPECT_EQ(first.asked("two.new.test", type_a), 1);
}

TEST_F(ResolverTest, TheNextNameServerIsAskedWhenOneFails) {
  name_server silent([](const dns_query&) { return std::vector<bytes>(); });
  name_server failing([](const dns_query& query) {
    return std::vector<bytes>(1, dns_response(query, 2).as_bytes());
  });
  name_server good(answering("192.0.2.1", ""));
  ask(failing);
  ask(silent);
  ask(good);
  dns_.mode = dns_mode::ipv4_only;
  around_.try_timeout = 50ms;
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"}));
  EXPECT_GE(failing.asked(), 1);
  EXPECT_GE(silent.asked(), 1);
}

TEST_F(ResolverTest, AnIpv6NameServerIsAsked) {
  if (!name_server::has_ipv6()) GTEST_SKIP() << "no IPv6 here";
  name_server server(answering("192.0.2.1", "2001:db8::1"), "::1");
  ask(server);
  EXPECT_EQ(lookup("both.test"), (texts{"192.0.2.1", "2001:db8::1"}));
}

TEST_F(ResolverTest, ANameServerGivenByNameIsLookedUpBySystemOnce) {
  name_server server(answering("192.0.2.1", ""));
  const auto port = server.endpoint().port;
  dns_.nameservers.push_back({"dns.test", std::nullopt, {port, port}});
  std::atomic<int> calls{0};
  around_.system_lookup = [&](const std::string& name) {
    ++calls;
    EXPECT_EQ(name, "dns.test");
    return std::vector<ip_address>(1, *ip_address::parse("127.0.0.1"));
  };
  EXPECT_EQ(lookup("one.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(lookup("two.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(calls, 1);
}

TEST_F(ResolverTest, ANameServerWhoseNameIsUnknownIsTriedAgainLater) {
  name_server server(answering("192.0.2.1", ""));
  const auto port = server.endpoint().port;
  dns_.nameservers.push_back({"dns.test", std::nullopt, {port, port}});
  std::atomic<int> calls{0};
  around_.system_lookup = [&](const std::string&) {
    std::vector<ip_address> made;
    if (++calls > 1) made.push_back(*ip_address::parse("127.0.0.1"));
    return made;
  };
  EXPECT_EQ(lookup("name.test"), error(errc::lookup_failed));
  clock_.advance(2s);
  EXPECT_EQ(lookup("name.test"), error(errc::lookup_failed));
  EXPECT_EQ(calls, 1);
  clock_.advance(5s);
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(calls, 2);
}

TEST_F(ResolverTest, ANameThatCannotBeIsNotAskedFor) {
  name_server server(answering("192.0.2.1", ""));
  ask(server);
  EXPECT_EQ(lookup(std::string(64, 'x') + ".test"), error(errc::no_such_name));
  EXPECT_EQ(lookup("two..dots"), error(errc::no_such_name));
  EXPECT_EQ(lookup(std::string(300, 'x')), error(errc::no_such_name));
  EXPECT_EQ(server.asked(), 0);
}

}  // namespace
}  // namespace relay::test
