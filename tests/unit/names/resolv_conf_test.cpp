#include <relay/names/resolv_conf.hpp>

#include <gtest/gtest.h>

namespace relay::names {
namespace {

using namespace std::chrono_literals;
using list = std::vector<std::string>;

TEST(ResolvConf, NameServersComeInOrder) {
  const auto conf = parse_resolv_conf("nameserver 192.0.2.1\nnameserver 2001:db8::1\n");
  ASSERT_EQ(conf.nameservers.size(), 2u);
  EXPECT_EQ(conf.nameservers[0].to_string(), "192.0.2.1");
  EXPECT_EQ(conf.nameservers[1].to_string(), "2001:db8::1");
}

TEST(ResolvConf, AnEmptyTextGivesTheDefaults) {
  EXPECT_EQ(parse_resolv_conf(""), resolv_conf{});
  EXPECT_EQ(resolv_conf{}.ndots, 1);
}

TEST(ResolvConf, TheLastOfSearchAndDomainCounts) {
  EXPECT_EQ(parse_resolv_conf("search a.test b.test\ndomain c.test\n").search, (list{"c.test"}));
  EXPECT_EQ(parse_resolv_conf("domain c.test\nsearch A.test b.test. .\n").search,
            (list{"a.test", "b.test"}));
  EXPECT_EQ(parse_resolv_conf("domain one.test two.test\n").search, (list{"one.test"}));
}

TEST(ResolvConf, OptionsAreReadAndKeptInRange) {
  const auto conf = parse_resolv_conf("options ndots:3 timeout:2 attempts:4 rotate edns0\n");
  EXPECT_EQ(conf.ndots, 3);
  EXPECT_EQ(conf.timeout, 2s);
  EXPECT_EQ(conf.attempts, 4);
  EXPECT_TRUE(conf.rotate);
  const auto wild = parse_resolv_conf("options ndots:99 timeout:0 attempts:1000\n");
  EXPECT_EQ(wild.ndots, 15);
  EXPECT_EQ(wild.timeout, 1s);
  EXPECT_EQ(wild.attempts, 5);
}

TEST(ResolvConf, NonsenseIsSkipped) {
  const auto conf = parse_resolv_conf(
      "; comment\n# nameserver 192.0.2.9\nnameserver\nnameserver dns.test\nsortlist 1.2.3.4\n"
      "options ndots: ndots:x timeout:5s\nnameserver 192.0.2.1 # mine\n\tnameserver 192.0.2.2\r\n");
  ASSERT_EQ(conf.nameservers.size(), 2u);
  EXPECT_EQ(conf.ndots, 1);
  EXPECT_EQ(conf.timeout, std::nullopt);
}

TEST(SearchList, ADottedNameIsAskedAsItIsFirst) {
  resolv_conf conf;
  conf.search = {"a.test", "b.test"};
  EXPECT_EQ(search_candidates("www.example", conf),
            (list{"www.example", "www.example.a.test", "www.example.b.test"}));
}

TEST(SearchList, ANameWithTooFewDotsIsAskedAsItIsLast) {
  resolv_conf conf;
  conf.search = {"a.test", "b.test"};
  EXPECT_EQ(search_candidates("www", conf), (list{"www.a.test", "www.b.test", "www"}));
  conf.ndots = 2;
  EXPECT_EQ(search_candidates("www.x", conf), (list{"www.x.a.test", "www.x.b.test", "www.x"}));
}

TEST(SearchList, ATrailingDotSwitchesItOff) {
  resolv_conf conf;
  conf.search = {"a.test"};
  EXPECT_EQ(search_candidates("www.", conf), (list{"www"}));
}

TEST(SearchList, WithoutOneTheNameStandsAlone) {
  EXPECT_EQ(search_candidates("www", resolv_conf{}), (list{"www"}));
}

TEST(Names, OnlyAsciiLettersChangeCase) {
  EXPECT_EQ(lower_case("WwW.Test-\xc3\x84"
                       "1"),
            "www.test-\xc3\x84"
            "1");
}

}  // namespace
}  // namespace relay::names
