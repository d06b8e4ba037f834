#include "app/start_report.hpp"

#include <gtest/gtest.h>

namespace relay::app {
namespace {

using namespace std::chrono_literals;

config::settings one_endpoint() {
  config::settings what;
  auto& made = what.endpoints.emplace_back();
  made.listen = *parse_listen("127.0.0.1:5000");
  made.remote = *parse_remote("example.com:443");
  what.dns.cache_size = 32;
  return what;
}

config::settings as_realm() {
  auto what = one_endpoint();
  what.rules = config::dialect::realm;
  what.log.level = config::log_level::off;
  return what;
}

std::string last_line(const config::settings& what) {
  const auto text = start_report(what);
  return text.substr(text.find("inited: "));
}

TEST(StartReport, DefaultsPrintAsInTheReference) {  // spec 1.7
  EXPECT_EQ(start_report(as_realm()),
            "log: level=off, output=stdout\n"
            "dns: mode=ipv4_and_ipv6, protocol=tcp+udp, min-ttl=0, max-ttl=86400, cache-size=32, "
            "servers=system\n"
            "inited: 127.0.0.1:5000 -> [example.com:443]; options: ipv6-only=false, "
            "accept-mptcp=false; send-mptcp=false; send-proxy=false, send-proxy-version=2, "
            "accept-proxy=false, accept-proxy-timeout=5s; tcp-keepalive=15s[3] connect-timeout=5s, "
            "associate-timeout=30s; balance=off\n");
}

TEST(StartReport, EverythingSetPrintsInItsPlace) {
  auto what = as_realm();
  what.log = {config::log_level::debug, "a.log", {}};
  what.dns.mode = config::dns_mode::ipv6_then_ipv4;
  what.dns.protocol = config::dns_protocol::udp;
  what.dns.min_ttl = 1s;
  what.dns.max_ttl = 2s;
  what.dns.nameservers = {*parse_nameserver("1.1.1.1:53"), *parse_nameserver("[::1]:53")};
  auto& one = what.endpoints[0];
  one.listen = *parse_listen("[::]:1");
  one.extra_remotes = {*parse_remote("b:2"), *parse_remote("[::1]:3")};
  one.balance = "roundrobin: 4, 2, 1";
  one.through = *parse_through("10.0.0.1");
  one.interface = "eth0";
  one.listen_interface = "eth1";
  one.listen_transport = "tls; ws ;host=a;path=/;servername=b";
  auto& net = one.network;
  net.ipv6_only = net.accept_mptcp = net.send_mptcp = net.send_proxy = net.accept_proxy = true;
  net.send_proxy_version = 1;
  net.accept_proxy_timeout = 1s;
  net.tcp_keepalive = 2s;
  net.tcp_keepalive_probe = 4;
  net.tcp_timeout = 250ms;
  net.udp_timeout = 6s;
  EXPECT_EQ(start_report(what),
            "log: level=debug, output=a.log\n"
            "dns: mode=ipv6_then_ipv4, protocol=udp, min-ttl=1, max-ttl=2, cache-size=32, "
            "servers=1.1.1.1:53, [::1]:53\n"
            "inited: [::]:1 -> [example.com:443|b:2|[::1]:3]; options: listen-iface=eth1, "
            "ipv6-only=true, accept-mptcp=true; send-iface=eth0, send-through=10.0.0.1:0, "
            "send-mptcp=true; send-proxy=true, send-proxy-version=1, accept-proxy=true, "
            "accept-proxy-timeout=1s; tcp-keepalive=2s[4] connect-timeout=250ms, "
            "associate-timeout=6s; transport=[ws][tls][plain]||[plain]; balance=roundrobin\n");
}

TEST(StartReport, TransportIsNamedWhenEitherSideHasOne) {
  auto what = one_endpoint();
  what.endpoints[0].remote_transport = "ws;host=a;path=/";
  EXPECT_NE(last_line(what).find("; transport=[plain]||[ws][plain]; balance=off;"),
            std::string::npos);
  what.endpoints[0].remote_transport = "wss;host=a;path=/;sni=a";
  EXPECT_NE(last_line(what).find("; transport=[plain]||[ws][tls][plain]; "), std::string::npos);
  what.endpoints[0].remote_transport =  // where it is no word
      config::make_dial_text("wss;host=a;path=/;sni=a", config::dialect::realm);
  EXPECT_EQ(last_line(what).find("transport="), std::string::npos);
}

std::string own_part(const config::settings& what) {
  const auto line = last_line(what);
  return line.substr(line.find("; protocols="));
}

TEST(StartReport, OursSaysWhatIsServedAndWhichLimitsAreInForce) {
  auto what = one_endpoint();
  EXPECT_TRUE(last_line(what).find("; balance=off; protocols=") != std::string::npos);
  EXPECT_EQ(own_part(what), "; protocols=tcp; limits: connect-limit=15s, half-close-timeout=10s\n");
  auto& one = what.endpoints[0];
  one.network.use_udp = true;
  one.max_connections = 100;
  one.network.idle_timeout = 1h;
  one.network.connect_limit = 0s;
  one.network.byte_rate = 5 << 20;
  EXPECT_EQ(own_part(what),
            "; protocols=tcp+udp; limits: max-connections=100, max-associations=16384, "
            "idle-timeout=3600s, half-close-timeout=10s, byte-rate=5MiB/s\n");
  one.network.no_tcp = true;
  EXPECT_EQ(own_part(what), "; protocols=udp; limits: max-associations=16384, byte-rate=5MiB/s\n");
}

TEST(StartReport, EndpointsStandInTheirOrder) {
  auto what = one_endpoint();
  what.endpoints.push_back(what.endpoints[0]);
  what.endpoints[1].listen = *parse_listen(":20000-20009");
  const auto text = last_line(what);
  EXPECT_LT(text.find("127.0.0.1:5000"), text.find("*:20000-20009"));
}

}  // namespace
}  // namespace relay::app
