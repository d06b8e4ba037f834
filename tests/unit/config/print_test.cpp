#include "unit/config/loading.hpp"

#include <algorithm>
#include <random>

namespace relay::config {
namespace {

using namespace std::chrono_literals;
using test::load;

/// Random but valid settings: whatever they are, their text must read back to them.
class generator {
 public:
  explicit generator(unsigned seed) : random_(seed) {}

  settings make() {
    settings made;
    made.log = {static_cast<log_level>(below(6)), text("stdout")};
    made.dns.mode = static_cast<dns_mode>(below(5));
    made.dns.protocol_given = flag();
    if (made.dns.protocol_given) made.dns.protocol = static_cast<dns_protocol>(below(3));
    for (auto left = below(3); left > 0; --left) made.dns.nameservers.push_back(address());
    made.dns.min_ttl = std::chrono::seconds(below(1000));
    made.dns.max_ttl = std::chrono::seconds(1000 + below(1000));
    made.dns.cache_size = below(100000);
    made.process = {time(), below(1000), amount()};
    for (auto left = below(4); left > 0; --left) made.endpoints.push_back(rule());
    return made;
  }

 private:
  endpoint rule() {
    endpoint made;
    // Ports below 1000 for listeners and above for remotes: a rule must not reach itself.
    made.listen = address();
    if (below(4) == 0) made.listen = {{}, std::nullopt, made.listen.ports};
    made.listen.ports.last = static_cast<std::uint16_t>(made.listen.ports.first + below(3));
    made.remote = far_address(made.listen.ports.size());
    for (auto left = below(3); left > 0; --left) {
      made.extra_remotes.push_back(far_address(made.listen.ports.size()));
    }
    if (flag()) made.balance = flag() ? "off:" : " roundrobin : 3, 2,";
    if (flag()) made.through = address();
    if (has_other_family(made)) made.through.reset();
    made.interface = text("");
    made.listen_interface = text("");
    if (flag()) made.listen_transport = "tls;servername=a b";
    if (flag()) made.remote_transport = "ws;host=\"a\\;path=/\u00e4";
    made.max_connections = below(1000);
    made.max_associations = below(100000);
    made.network = sockets();
    return made;
  }

  // The reader refuses that.
  static bool has_other_family(const endpoint& of) {
    if (!of.through || !of.through->address) return false;
    const auto family = of.through->address->family();
    const auto differs = [&](const host_port& to) {
      return to.address && to.address->family() != family;
    };
    return differs(of.remote) || std::ranges::any_of(of.extra_remotes, differs);
  }

  network sockets() {
    network made;
    for (auto* each :
         {&made.no_tcp, &made.use_udp, &made.ipv6_only, &made.send_mptcp, &made.accept_mptcp,
          &made.send_proxy, &made.accept_proxy, &made.moderation}) {
      *each = flag();
    }
    for (auto* each : {&made.tcp_timeout, &made.udp_timeout, &made.accept_proxy_timeout,
                       &made.half_close_timeout, &made.idle_timeout, &made.connect_limit,
                       &made.handshake_timeout, &made.warm_max_age}) {
      *each = time();
    }
    made.tcp_keepalive = std::chrono::seconds(below(32768));
    made.tcp_keepalive_probe = static_cast<int>(1 + below(127));
    made.send_proxy_version = flag() ? 1 : 2;
    for (auto left = below(3); left > 0; --left) {
      made.trusted_proxies.push_back(flag() ? "10.1.2.3/8" : "::1");
    }
    made.send_proxy_udp = static_cast<udp_proxy>(below(3));
    made.camouflage = static_cast<camouflage_answer>(below(2));
    made.warm = below(65536);
    made.byte_rate = amount();
    made.endpoint_byte_rate = amount();
    return made;
  }

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  bool flag() { return below(2) == 1; }
  milliseconds time() { return flag() ? milliseconds(below(1u << 31)) : 1s * below(100000); }
  std::uint64_t amount() { return flag() ? std::uint64_t{below(1000)} << below(30) : below(3); }
  std::string text(const std::string& otherwise) {
    if (flag()) return otherwise;
    std::string made;
    for (auto left = 1 + below(8); left > 0; --left) {
      made += "ab \"\\'#=\t\n\r\x7f\x01[]{}.,"[below(19)];
    }
    return made;
  }
  host_port address() {
    constexpr std::array<const char*, 6> hosts{"127.0.0.1", "10.0.0.1",  "::1",
                                               "0:0::1",    "fe80::1%2", "some_host.example."};
    const std::string host = hosts[below(6)];
    const auto port = static_cast<std::uint16_t>(1 + below(900));
    return {host, ip_address::parse(host), {port, port}};
  }
  host_port far_address(std::size_t size) {
    auto made = address();
    made.ports.first = static_cast<std::uint16_t>(1000 + below(60000));
    made.ports.last = made.ports.first;
    if (flag()) made.ports.last = static_cast<std::uint16_t>(made.ports.first + size - 1);
    return made;
  }

  std::mt19937 random_;
};

TEST(ToToml, ReadsBackEqualForRandomSettings) {
  for (unsigned seed = 0; seed < 25; ++seed) {
    const auto before = generator(seed).make();
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
level = "off"
output = "stdout"

[dns]
mode = "ipv4_and_ipv6"
# protocol = "tcp_and_udp"
nameservers = ["8.8.8.8:53"]
min_ttl = 0
max_ttl = 3600
cache_size = 1024

[process]
shutdown_timeout = 10
max_connections = 0
socket_memory = "64MiB"

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
camouflage = "404"
handshake_timeout = 10
warm = 0
warm_max_age = 30
byte_rate = "5MiB/s"
endpoint_byte_rate = 0
moderation = "on"
)");
}

TEST(ToToml, WritesWhatIsInForceForAnEndpoint) {
  const auto text = to_toml(
      load(test::with_endpoint("through = \"10.0.0.1\"\n[network]\ntcp_timeout = \"1500ms\"\n"))
          .value);
  for (const auto* line :
       {"[log]\nlevel = \"off\"\noutput = \"stdout\"\n", "\n# protocol = \"tcp_and_udp\"\n",
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
