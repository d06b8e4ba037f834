#include "unit/config/rules.hpp"

namespace relay::config {
namespace {

using test::brief_diff;
using test::named;
using test::rule;
using test::settings_of;

struct row {
  const char* why;
  std::string from, to, expected;
};

TEST(Diff, SaysWhatBecomesOfEachEndpoint) {
  const row rows[]{
      {"nothing", "", "", ""},
      {"added", "", rule(":1"), "+0"},
      {"removed", rule(":1"), "", "-0"},
      {"same", rule(":1"), rule(":1"), "=0>0"},
      {"a key", rule(":1"), rule(":1", "c:9000"), "~0>0 remote"},
      {"a key of network", rule(":1"), rule(":1", "b:9000", "network.tcp_timeout = 3"),
       "~0>0 network.tcp_timeout"},
      {"keys in the order of the document", rule(":1"),
       rule(":1", "c:9000", "max_connections = 3\nbalance = \"roundrobin: 1\"\nnetwork.warm = 1"),
       "~0>0 remote balance max_connections network.warm"},
      {"the new ones first, then the removed ones", rule(":1") + rule(":2") + rule(":3"),
       rule(":4") + rule(":3") + rule(":2", "c:9000"), "+0, =2>1, ~1>2 remote, -0"},
      {"a default that is given", rule(":1"), rule(":1", "b:9000", "network.tcp_timeout = 5"),
       "=0>0"},
      {"a global key", rule(":1") + rule(":2", "b:9000", "network.warm = 0"),
       rule(":1") + rule(":2", "b:9000", "network.warm = 0") + "[network]\nwarm = 2\n",
       "~0>0 network.warm, =1>1"},
  };
  for (const auto& each : rows)
    EXPECT_EQ(brief_diff(each.from, each.to), each.expected) << each.why;
}

TEST(Diff, KnowsAnEndpointAgain) {
  const row rows[]{
      {"by its name, wherever it listens", named("a", ":1"), named("a", "127.0.0.1:7"),
       "~0>0! listen"},
      {"by its listener when it is renamed", named("a", ":1"), named("b", ":1"), "~0>0 name"},
      {"by its listener when it gets a name", rule(":1"), named("b", ":1"), "~0>0 name"},
      {"by its listener when it loses its name", named("a", ":1"), rule(":1"), "~0>0 name"},
      {"by its name rather than its listener", named("a", ":1") + named("b", ":2"),
       named("b", ":1") + named("a", ":2"), "~1>0! listen, ~0>1! listen"},
      {"by its name, so that the listener is another endpoint's", named("a", ":1"),
       named("b", ":1") + named("a", ":2"), "+0, ~0>1! listen"},
      {"by its listener, however the address is written", rule("[::1]:1"), rule("[0:0::1]:1"),
       "~0>0 listen"},
      {"not by a part of the address", rule("127.0.0.1:1"), rule("127.0.0.2:1"), "+0, -0"},
      {"by its protocol, where another has the same address",
       rule(":1") + rule(":1", "b:9000", "network = {no_tcp = true, use_udp = true}"),
       rule(":1", "b:9000", "network = {no_tcp = true, use_udp = true}") + rule(":1"),
       "=1>0, =0>1"},
      {"by its device, where another has the same address",
       rule(":1", "b:9000", "listen_interface = \"x\"") +
           rule(":1", "b:9000", "listen_interface = \"y\""),
       rule(":1", "b:9000", "listen_interface = \"y\"") +
           rule(":1", "b:9000", "listen_interface = \"x\""),
       "=1>0, =0>1"},
      {"by its address when its protocols change", rule(":1"),
       rule(":1", "b:9000", "network.use_udp = true"), "~0>0! network.use_udp"},
      {"by its address when its device changes", rule(":1"),
       rule(":1", "b:9000", "listen_interface = \"x\""), "~0>0! listen_interface"},
  };
  for (const auto& each : rows)
    EXPECT_EQ(brief_diff(each.from, each.to), each.expected) << each.why;
}

TEST(Diff, KnowsARangeAgainThatGrowsOrShrinksAtOneEnd) {
  const row rows[]{
      {"grown at its end", rule(":10-12"), rule(":10-14"), "~0>0! listen"},
      {"grown at its beginning", rule(":10-12"), rule(":8-12"), "~0>0! listen"},
      {"shrunk at its end", rule(":10-12"), rule(":10-11"), "~0>0! listen"},
      {"shrunk to one port", rule(":10-12"), rule(":10"), "~0>0! listen"},
      {"moved", rule(":10-12"), rule(":11-13"), "+0, -0"},
      {"another protocol", rule(":10-12"),
       rule(":10-14", "b:9000", "network = {no_tcp = true, use_udp = true}"), "+0, -0"},
      {"with its name", named("a", ":10-12"), named("a", ":11-13"), "~0>0! listen"},
      {"another name", named("a", ":10-12"), named("b", ":10-14"), "+0, -0"},
      {"cut in two: the first part", rule(":10-19"), rule(":10-14") + rule(":15-19"),
       "~0>0! listen, +1"},
      {"joined: the first part", rule(":10-14") + rule(":15-19"), rule(":10-19"),
       "~0>0! listen, -1"},
  };
  for (const auto& each : rows)
    EXPECT_EQ(brief_diff(each.from, each.to), each.expected) << each.why;
}

TEST(Diff, MatchesEachEndpointOnceWhereSeveralListenAtOneAddress) {
  // The first one serves, before and after: it is that one whose remote changes.
  const row rows[]{
      {"same", rule(":1", "a:1") + rule(":1", "b:1"), rule(":1", "a:1") + rule(":1", "b:1"),
       "=0>0, =1>1"},
      {"swapped", rule(":1", "a:1") + rule(":1", "b:1"), rule(":1", "b:1") + rule(":1", "a:1"),
       "~0>0 remote, ~1>1 remote"},
      {"the first one gone", rule(":1", "a:1") + rule(":1", "b:1"), rule(":1", "b:1"),
       "~0>0 remote, -1"},
      {"one more", rule(":1", "a:1"), rule(":1", "a:1") + rule(":1", "a:1"), "=0>0, +1"},
      {"named ones", named("a", ":1") + named("b", ":1"), named("b", ":1") + rule(":1"),
       "=1>0, ~0>1 name"},
      {"any port", rule("127.0.0.1:0") + rule("127.0.0.1:0"), rule("127.0.0.1:0"), "=0>0, -1"},
  };
  for (const auto& each : rows)
    EXPECT_EQ(brief_diff(each.from, each.to), each.expected) << each.why;
}

TEST(Diff, SaysWhetherTheSocketsHaveToBeOthers) {
  const auto elsewhere = [](const std::string& before, const std::string& after) {
    const auto made =
        diff(settings_of(rule("h:1", "b:9000", before)), settings_of(rule("h:1", "b:9000", after)));
    EXPECT_EQ(made.endpoints.size(), 1U) << after;
    return made.endpoints.at(0).listens_elsewhere;
  };
  for (const auto* each :
       {"no_tcp = true", "use_udp = true", "ipv6_only = true", "accept_mptcp = true",
        "tcp_keepalive = 3", "tcp_keepalive_probe = 4", "tcp_user_timeout = 5"}) {
    EXPECT_TRUE(elsewhere("", "network = {" + std::string(each) + '}')) << each;
  }
  EXPECT_TRUE(elsewhere("", "listen_interface = \"x\""));
  EXPECT_TRUE(elsewhere("", "listen_transport = \"ws;host=a;path=/\""));
  EXPECT_FALSE(elsewhere("listen_transport = \"ws;host=a;path=/\"",
                         "listen_transport = \"ws;host=b;path=/\""));
  EXPECT_FALSE(elsewhere("", "interface = \"x\"\nthrough = \"10.0.0.1\"\nmax_connections = 3"));
  EXPECT_FALSE(elsewhere("", "network = {send_mptcp = true, udp_timeout = 3, warm = 1}"));
  // Sockets of UDP have none of TCP's options.
  const std::string udp = "no_tcp = true, use_udp = true";
  for (const auto* each : {"accept_mptcp = true", "tcp_keepalive = 3", "tcp_user_timeout = 5"}) {
    EXPECT_FALSE(elsewhere("network = {" + udp + '}', "network = {" + udp + ", " + each + '}'))
        << each;
  }
}

TEST(Diff, DoesNotCarePlacesAndSpellingsOfOneValue) {
  const auto before = settings_of("[process]\nshutdown_timeout = 10\n" +
                                  rule(":1", "b:9000", "network.tcp_timeout = 7"));
  const auto after = settings_of(
      R"({"network": {"tcp_timeout": "7s"},
          "endpoints": [{"remote": "b:9000", "local": "*:1"}]})");
  EXPECT_TRUE(diff(before, after).empty());
}

TEST(Diff, IsEmptyWhenOnlyTheOrderDiffers) {
  const auto made =
      diff(settings_of(rule(":1") + rule(":2")), settings_of(rule(":2") + rule(":1")));
  EXPECT_EQ(test::brief(made), "=1>0, =0>1");
  EXPECT_TRUE(made.empty());
}

TEST(Diff, NoticesWhetherTheProtocolOfDnsIsGiven) {  // without, the search list is used
  const std::string rules = "endpoints = []\n";
  const auto made =
      diff(settings_of(rules), settings_of(rules + "dns.protocol = \"tcp_and_udp\"\n"));
  EXPECT_EQ(made.needs_restart, std::vector<std::string>{"dns.protocol"});
}

TEST(Diff, TakesNoTimeWithManyEndpointsAtOneAddress) {
  settings many;
  many.endpoints.resize(4000);
  for (auto& each : many.endpoints) each.listen = *parse_listen(":1");
  auto fewer = many;
  fewer.endpoints.resize(2000);
  const auto made = diff(many, fewer);
  EXPECT_EQ(made.endpoints.size(), 4000U);
  EXPECT_EQ(made.endpoints[1999].before, 1999U);
  EXPECT_EQ(made.endpoints[2000].what, endpoint_change::kind::removed);
}

TEST(Fate, OfAChangedEndpointIsUpToTheNewSettingsAndOfARemovedOneToTheOld) {
  const auto fates = [](const std::string& before, const std::string& after) {
    const auto from = settings_of(before), to = settings_of(after);
    std::vector<fate> made;
    for (const auto& each : diff(from, to).endpoints) made.push_back(fate_of(each, from, to));
    return made;
  };
  using list = std::vector<fate>;
  const std::string cut = "network = {on_change = \"cut\", on_remove = \"keep\"}";
  EXPECT_EQ(fates(rule(":1"), rule(":1", "c:1")), list{fate::keep});
  EXPECT_EQ(fates(rule(":1"), rule(":1", "c:1", cut)), list{fate::cut});
  EXPECT_EQ(fates(rule(":1", "b:1", cut), rule(":1", "c:1")), list{fate::keep});
  EXPECT_EQ(fates(rule(":1"), rule(":1", "b:9000", "network.on_change = \"drain\"")),
            list{fate::drain});
  EXPECT_EQ(fates(rule(":1"), ""), list{fate::drain});
  EXPECT_EQ(fates(rule(":1", "b:1", cut), ""), list{fate::keep});
  EXPECT_EQ(fates(rule(":1", "b:1", cut), rule(":1", "b:1", cut)), list{fate::keep}) << "the same";
  EXPECT_EQ(fates("", rule(":1", "b:1", cut)), list{fate::keep}) << "added";
}

}  // namespace
}  // namespace relay::config
