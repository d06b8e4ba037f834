#include "unit/config/loading.hpp"
#include "unit/config/random_settings.hpp"

namespace relay::config {
namespace {

using test::load;

TEST(ToToml, ReadsBackEqualForRandomSettings) {
  for (unsigned seed = 0; seed < 25; ++seed) {
    const auto before = test::random_settings(seed).make();
    const auto text = to_toml(before);
    try {
      const auto after = load(text);
      ASSERT_TRUE(after.value == before) << "seed " << seed << '\n' << text;
      ASSERT_EQ(to_toml(after.value), text) << "seed " << seed;
    } catch (const config_error& failure) {
      FAIL() << "seed " << seed << '\n' << failure.what();
    }
  }
}

TEST(ToToml, ReadsBackEqualForTheDefaults) {
  const settings nothing;
  EXPECT_EQ(load(to_toml(nothing)).value, nothing);
  const auto one = load(test::with_endpoint("")).value;
  const auto again = load(to_toml(one));
  EXPECT_EQ(again.value, one);
  EXPECT_EQ(again.warnings.size(), 0U);
}

TEST(ToToml, CamouflageIsAWordOrAnAddress) {
  for (const std::string each : {"404", "close", "127.0.0.1:8080", "site.example:80"}) {
    const auto text = to_toml(
        load(test::with_endpoint(
                 "listen_transport = \"ws;host=a;path=/\"\nnetwork.camouflage = \"" + each + '"'))
            .value);
    EXPECT_NE(text.find("\ncamouflage = \"" + each + "\"\n"), std::string::npos) << text;
  }
  const auto told = test::problems_of(test::with_endpoint("network.camouflage = \"405\""));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].message,
            "`camouflage`: `405` is none of 404, close and the address of a web server");
}

TEST(Camouflage, AWebServerNeedsSomethingToFail) {
  const auto loaded = load(test::with_endpoint("network.camouflage = \"127.0.0.1:8080\""));
  EXPECT_EQ(test::brief(loaded.warnings),
            "t:4:22: warning: `camouflage` has no effect without `listen_transport`: there is "
            "nothing to fail\n");
}

TEST(ToToml, WritesEveryKeyInTheOrderOfTheDocument) {
  const auto made = load(test::with_endpoint(R"(extra_remotes = ["c:3", "[::1]:4"]
balance = "off:"
interface = "a \"b\" \\ \u0001"
[dns]
nameservers = ["8.8.8.8:53"]
max_ttl = "1h"
[process]
socket_memory = "64MiB"
[network]
idle_timeout = "1500ms"
trusted_proxies = ["10.0.0.0/8", "::1"]
byte_rate = "5MiB/s"
)"));
  EXPECT_EQ(to_toml(made.value), R"([log]
level = "warn"
output = "stdout"
time = "local"

[dns]
mode = "ipv4_and_ipv6"
# protocol = "tcp_and_udp"
nameservers = ["8.8.8.8:53"]
min_ttl = 0
max_ttl = 3600
cache_size = 1024

[process]
shutdown_timeout = 10
worker_stall = 5
max_connections = 0
socket_memory = "64MiB"
sandbox = "off"
core_dumps = "off"
bind = "strict"
watch = false

[[endpoints]]
listen = "127.0.0.1:1"
remote = "b:2"
extra_remotes = ["c:3", "[::1]:4"]
balance = "off:"
interface = "a \"b\" \\ \u0001"
max_connections = 0
max_associations = 16384

[endpoints.network]
no_tcp = false
use_udp = false
ipv6_only = false
tcp_timeout = 5
udp_timeout = 30
tcp_keepalive = 15
tcp_keepalive_probe = 3
tcp_user_timeout = 0
send_mptcp = false
accept_mptcp = false
send_proxy = false
send_proxy_version = 2
accept_proxy = false
accept_proxy_timeout = 5
half_close_timeout = 10
idle_timeout = "1500ms"
connect_limit = 15
trusted_proxies = ["10.0.0.0/8", "::1"]
send_proxy_udp = "off"
udp_strangers = "accept"
camouflage = "404"
handshake_timeout = 10
warm = 0
warm_max_age = 30
byte_rate = "5MiB/s"
endpoint_byte_rate = 0
moderation = "on"
iphash_prefix = "/32,/128"
on_change = "keep"
on_remove = "drain"
)");
}

TEST(ToToml, WritesWhatIsInForceForAnEndpoint) {
  const auto text = to_toml(
      load(test::with_endpoint("through = \"10.0.0.1\"\n[network]\ntcp_timeout = \"1500ms\"\n"))
          .value);
  for (const auto* line :
       {"[log]\nlevel = \"warn\"\noutput = \"stdout\"\n", "\n# protocol = \"tcp_and_udp\"\n",
        "\nshutdown_timeout = 10\n", "listen = \"127.0.0.1:1\"\nremote = \"b:2\"\n",
        "\nthrough = \"10.0.0.1:0\"\n", "[endpoints.network]\n", "\ntcp_timeout = \"1500ms\"\n",
        "\nudp_timeout = 30\n", "\ncamouflage = \"404\"\n", "\nmoderation = \"on\"\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\nis not in\n" << text;
  }
  EXPECT_EQ(text.find("balance"), std::string::npos);
}

TEST(ToToml, KeepsWhetherTheProtocolWasGiven) {
  auto what = load("endpoints = []\n[dns]\nprotocol = \"tcp_and_udp\"\n").value;
  EXPECT_TRUE(load(to_toml(what)).value.dns.protocol_given);
  what.dns.protocol_given = false;
  EXPECT_FALSE(load(to_toml(what)).value.dns.protocol_given);
}

}  // namespace
}  // namespace relay::config
