#include "unit/config/loading.hpp"

namespace relay::config {
namespace {

using namespace std::chrono_literals;
using test::brief;
using test::load;
using test::problems_of;
using test::with_endpoint;

TEST(Load, ReadsEveryKeyOfTheFile) {
  const auto made = load(R"(
[log]
level = "debug"
output = "/tmp/x.log"
[dns]
mode = "ipv6_then_ipv4"
protocol = "tcp"
nameservers = ["8.8.8.8:53", "[2001:db8::1]:5353"]
min_ttl = 5
max_ttl = "1h"
cache_size = 7
[process]
shutdown_timeout = "250ms"
worker_stall = "9s"
max_connections = 100
socket_memory = "64MiB"
user = "nobody"
group = "ssl-cert"
sandbox = "on"
core_dumps = "on"
[[endpoints]]
listen = "127.0.0.1:5000"
remote = "example.com:80"
extra_remotes = ["a:1", "b:2"]
balance = "roundrobin: 3, 2, 1"
through = "10.0.0.1"
interface = "eth0"
listen_interface = "eth1"
listen_transport = "ws;host=a;path=/b"
remote_transport = "tls;sni=a"
max_connections = 5
max_associations = 6
network.no_tcp = true
network.use_udp = true
network.ipv6_only = true
network.tcp_timeout = 1
network.udp_timeout = 2
network.tcp_keepalive = 3
network.tcp_keepalive_probe = 4
network.tcp_user_timeout = 13
network.send_mptcp = true
network.accept_mptcp = true
network.send_proxy = true
network.send_proxy_version = 1
network.accept_proxy = true
network.accept_proxy_timeout = 5
network.half_close_timeout = 6
network.idle_timeout = 7
network.connect_limit = 8
network.trusted_proxies = ["10.0.0.0/8"]
network.send_proxy_udp = "every"
network.udp_strangers = "drop"
network.camouflage = "close"
network.handshake_timeout = 9
network.warm = 10
network.warm_max_age = 11
network.byte_rate = "8Mbit/s"
network.endpoint_byte_rate = 12
network.moderation = "off"
network.iphash_prefix = "/24, /64"
)");
  EXPECT_EQ(brief(made.warnings), "");
  const auto& all = made.value;
  EXPECT_EQ(all.log, (config::log{log_level::debug, "/tmp/x.log"}));
  EXPECT_EQ(all.dns.mode, dns_mode::ipv6_then_ipv4);
  EXPECT_EQ(all.dns.protocol, dns_protocol::tcp);
  EXPECT_TRUE(all.dns.protocol_given);
  ASSERT_EQ(all.dns.nameservers.size(), 2U);
  EXPECT_EQ(all.dns.nameservers[1].to_string(), "[2001:db8::1]:5353");
  EXPECT_EQ(all.dns.min_ttl, 5s);
  EXPECT_EQ(all.dns.max_ttl, 1h);
  EXPECT_EQ(all.dns.cache_size, 7U);
  EXPECT_EQ(all.process,
            (config::process{250ms, 9s, 100, 64U << 20, "nobody", "ssl-cert", true, true}));
  ASSERT_EQ(all.endpoints.size(), 1U);
  const auto& rule = all.endpoints[0];
  EXPECT_EQ(rule.listen.to_string(), "127.0.0.1:5000");
  EXPECT_EQ(rule.remote.to_string(), "example.com:80");
  ASSERT_EQ(rule.extra_remotes.size(), 2U);
  EXPECT_EQ(rule.extra_remotes[1].to_string(), "b:2");
  EXPECT_EQ(rule.balance, "roundrobin: 3, 2, 1");
  EXPECT_EQ(rule.through->to_string(), "10.0.0.1:0");
  EXPECT_EQ(rule.interface, "eth0");
  EXPECT_EQ(rule.listen_interface, "eth1");
  EXPECT_EQ(rule.listen_transport, "ws;host=a;path=/b");
  EXPECT_EQ(rule.remote_transport, "tls;sni=a");
  EXPECT_EQ(rule.max_connections, 5U);
  EXPECT_EQ(rule.max_associations, 6U);
  const network expected{.no_tcp = true,
                         .use_udp = true,
                         .ipv6_only = true,
                         .tcp_timeout = 1s,
                         .udp_timeout = 2s,
                         .tcp_keepalive = 3s,
                         .tcp_keepalive_probe = 4,
                         .tcp_user_timeout = 13s,
                         .send_mptcp = true,
                         .accept_mptcp = true,
                         .send_proxy = true,
                         .send_proxy_version = 1,
                         .accept_proxy = true,
                         .accept_proxy_timeout = 5s,
                         .half_close_timeout = 6s,
                         .idle_timeout = 7s,
                         .connect_limit = 8s,
                         .trusted_proxies = {*parse_address_block("10.0.0.0/8")},
                         .send_proxy_udp = udp_proxy::every,
                         .udp_strangers = udp_strangers::drop,
                         .camouflage = camouflage_answer::close,
                         .handshake_timeout = 9s,
                         .warm = 10,
                         .warm_max_age = 11s,
                         .byte_rate = 1'000'000,
                         .endpoint_byte_rate = 12,
                         .moderation = false,
                         .iphash_prefix = {24, 64}};
  EXPECT_EQ(rule.network, expected);
}

TEST(Load, LeavesWhatIsNotGivenAtItsDefault) {
  const auto made = load(with_endpoint(""));
  ASSERT_EQ(made.value.endpoints.size(), 1U);
  EXPECT_EQ(made.value.endpoints[0].network, network{});
  EXPECT_EQ(made.value.log, config::log{});
  EXPECT_EQ(made.value.dns, config::dns{});
  EXPECT_FALSE(made.value.dns.protocol_given);
  EXPECT_EQ(made.value.process, config::process{});
  EXPECT_TRUE(made.warnings.empty());
  EXPECT_FALSE(made.legacy);
}

TEST(Load, ReadsTheSameFromJson) {
  const auto toml = load(with_endpoint("network = {use_udp = true, tcp_timeout = 9}"));
  const auto json = load(R"( { "endpoints": [ { "listen": "127.0.0.1:1", "remote": "b:2",
      "balance": null, "through": null, "network": { "use_udp": true, "tcp_timeout": 9,
      "no_tcp": null } } ] } )");
  EXPECT_EQ(toml.value, json.value);
  EXPECT_TRUE(json.warnings.empty());
}

TEST(Load, DecidesTheFormatByTheFirstCharacter) {
  EXPECT_TRUE(load("\xef\xbb\xbf{\"endpoints\": []}").value.endpoints.empty());
  EXPECT_TRUE(load("\n\t {\"endpoints\": []}").value.endpoints.empty());
  EXPECT_TRUE(load("\xef\xbb\xbf"
                   "endpoints = []")
                  .value.endpoints.empty());
  EXPECT_EQ(load(with_endpoint("\r\n")).value.endpoints.size(), 1U);
  EXPECT_EQ(brief(problems_of("\xef\xbb\xbf"
                              "endpoints = ]"))
                .substr(0, 7),
            "t:1:13:");
}

TEST(Load, MergesPerKeyAndTheNearestWins) {
  overrides forced;
  force(forced.network, &network::use_udp, true);
  force(forced.log, &log::level, log_level::trace);
  force(forced.dns, &dns::cache_size, 3);
  const auto made = load(with_endpoint(R"(network = {tcp_timeout = 1, use_udp = false}
[network]
tcp_timeout = 2
udp_timeout = 3
ipv6_only = true
[log]
level = "warn"
output = "stderr"
[dns]
cache_size = 4
min_ttl = 5
)"),
                         forced);
  const auto& network = made.value.endpoints.at(0).network;
  EXPECT_TRUE(network.use_udp);        // command line over endpoint
  EXPECT_EQ(network.tcp_timeout, 1s);  // endpoint over global
  EXPECT_EQ(network.udp_timeout, 3s);  // global over default
  EXPECT_TRUE(network.ipv6_only);
  EXPECT_EQ(network.accept_proxy_timeout, 5s);
  EXPECT_EQ(made.value.log, (config::log{log_level::trace, "stderr"}));
  EXPECT_EQ(made.value.dns.cache_size, 3U);
  EXPECT_EQ(made.value.dns.min_ttl, 5s);
}

TEST(Load, LetsAnEndpointSwitchOffWhatIsOnGlobally) {
  const auto made = load(with_endpoint("network.use_udp = false\n[network]\nuse_udp = true\n"));
  EXPECT_FALSE(made.value.endpoints.at(0).network.use_udp);
}

TEST(Load, KnowsTheAliases) {
  const auto made =
      load("[[endpoints]]\nlocal = \"127.0.0.1:1\"\nremote = \"b:2\"\nnetwork.accept_timeout = 9");
  EXPECT_EQ(made.value.endpoints.at(0).listen.to_string(), "127.0.0.1:1");
  EXPECT_EQ(made.value.endpoints.at(0).network.accept_proxy_timeout, 9s);
  EXPECT_TRUE(made.warnings.empty());
}

TEST(Load, PrefersTheRealNameToItsAlias) {
  const auto made = load(with_endpoint(
      "local = \"127.0.0.1:9\"\nnetwork = {accept_timeout = 8, accept_proxy_timeout = 7}"));
  EXPECT_EQ(made.value.endpoints.at(0).listen.to_string(), "127.0.0.1:1");
  EXPECT_EQ(made.value.endpoints.at(0).network.accept_proxy_timeout, 7s);
  ASSERT_EQ(made.warnings.size(), 2U);
  EXPECT_EQ(made.warnings[0].where.to_string(), "t:4:1");
  EXPECT_EQ(made.warnings[1].where.to_string(), "t:5:12");
}

TEST(Load, AnEndpointMayHaveAName) {
  const auto made = load(with_endpoint("name = \"web\"\n") +
                         "[[endpoints]]\nlisten = \":3\"\nremote = \"c:4\"\n");
  EXPECT_EQ(made.value.endpoints.at(0).name, "web");
  EXPECT_EQ(made.value.endpoints.at(1).name, "");
  EXPECT_EQ(to_toml(made.value, extent::needed),
            "[[endpoints]]\nname = \"web\"\nlisten = \"127.0.0.1:1\"\nremote = \"b:2\"\n\n"
            "[[endpoints]]\nlisten = \"*:3\"\nremote = \"c:4\"\n");
}

TEST(Load, RemembersWhereEachKeyWasGiven) {
  overrides forced;
  force(forced.network, &network::send_proxy, true);
  const auto made = load(with_endpoint("balance = \"off:\"\n[network]\nuse_udp = true\n"), forced);
  const auto& rule = made.value.endpoints.at(0);
  EXPECT_EQ(rule.origin.to_string(), "t:2:10");
  EXPECT_EQ(rule.keys.at("balance").to_string(), "t:4:11");
  EXPECT_EQ(rule.network.keys.at("use_udp").to_string(), "t:6:11");
  EXPECT_EQ(rule.network.keys.at("send_proxy").to_string(), "command line");
  EXPECT_EQ(rule.network.keys.at("no_tcp").from, nullptr);
}

TEST(Load, NeedsEndpoints) {
  EXPECT_EQ(brief(problems_of("")), "t: error: there are no `endpoints`\n");
  EXPECT_EQ(brief(problems_of("# nothing\n")), "t:1:1: error: there are no `endpoints`\n");
  EXPECT_EQ(brief(problems_of("{}")), "t:1:1: error: there are no `endpoints`\n");
  EXPECT_TRUE(load("endpoints = []").value.endpoints.empty());
}

TEST(LoadCommandLine, MakesOneEndpointOfEachPair) {
  overrides forced;
  force(forced.network, &network::tcp_timeout, 1s);
  const auto made = load_command_line({{"127.0.0.1:1", "a:2", "10.0.0.1", "eth0", "eth1", {}, {}},
                                       {":3", "b:4", {}, {}, {}, {}, {}}},
                                      forced);
  ASSERT_EQ(made.value.endpoints.size(), 2U);
  const auto& first = made.value.endpoints[0];
  EXPECT_EQ(first.listen.to_string(), "127.0.0.1:1");
  EXPECT_EQ(first.remote.to_string(), "a:2");
  EXPECT_EQ(first.through->to_string(), "10.0.0.1:0");
  EXPECT_EQ(first.interface, "eth0");
  EXPECT_EQ(first.listen_interface, "eth1");
  EXPECT_EQ(first.network.tcp_timeout, 1s);
  EXPECT_EQ(first.origin.to_string(), "command line");
  EXPECT_EQ(made.value.endpoints[1].listen.to_string(), "*:3");
  EXPECT_TRUE(made.warnings.empty());
}

TEST(LoadCommandLine, PointsAtTheOptionThatIsWrong) {
  try {
    load_command_line({{"127.0.0.1:1", "a", {}, {}, {}, {}, {}}}, {});
    FAIL();
  } catch (const config_error& failure) {
    EXPECT_STREQ(failure.what(),
                 "command line:1:19: error: `remote`: `a` has no port; write a:PORT\n"
                 " 1 | -l 127.0.0.1:1 -r a\n"
                 "   |                   ^");
  }
}

}  // namespace
}  // namespace relay::config
