#pragma once

#include <relay/config/load.hpp>

#include <algorithm>
#include <array>
#include <random>

namespace relay::config::test {

using namespace std::chrono_literals;

/// Random but valid settings: whatever they are, their text must read back to them.
class random_settings {
 public:
  explicit random_settings(unsigned seed) : random_(seed) {}

  settings make() {
    settings made;
    made.log = {static_cast<log_level>(below(6)), text("stdout"), static_cast<log_time>(below(3))};
    made.dns.mode = static_cast<dns_mode>(below(5));
    made.dns.protocol_given = flag();
    if (made.dns.protocol_given) made.dns.protocol = static_cast<dns_protocol>(below(3));
    for (auto left = below(3); left > 0; --left) made.dns.nameservers.push_back(address());
    made.dns.min_ttl = std::chrono::seconds(below(1000));
    made.dns.max_ttl = std::chrono::seconds(1000 + below(1000));
    made.dns.cache_size = below(100000);
    made.process = {time(), time(), below(1000), amount(), text("nobody"),
                    {},     flag(), flag(),      flag(),   flag()};
    if (!made.process.user.empty()) made.process.group = text("");
    made.control.path = text("");
    for (auto left = below(4); left > 0; --left) made.endpoints.push_back(rule());
    share_networks(made.endpoints);
    return made;
  }

 private:
  endpoint rule() {
    endpoint made;
    if (++rules_ % 2 == 0) made.name = "rule-" + std::to_string(rules_);
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

  /// Often endpoints have much in common, and much is at its default.
  void share_networks(std::vector<endpoint>& rules) {
    const auto how = below(3);
    const network shared = flag() ? sockets() : network{};
    for (auto& each : rules) {
      if (how == 0) each.network = shared;
      if (how == 1) {
        const auto udp_timeout = each.network.udp_timeout;
        each.network = shared;
        each.network.udp_timeout = udp_timeout;
      }
    }
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
    if (!made.use_udp) made.no_tcp = false;  // it would serve nothing, which the reader refuses
    for (auto* each : {&made.tcp_timeout, &made.udp_timeout, &made.accept_proxy_timeout,
                       &made.half_close_timeout, &made.idle_timeout, &made.connect_limit,
                       &made.handshake_timeout, &made.warm_max_age}) {
      *each = time();
    }
    made.tcp_keepalive = std::chrono::seconds(below(32768));
    made.tcp_keepalive_probe = static_cast<int>(1 + below(127));
    made.tcp_user_timeout = time();
    made.iphash_prefix = {static_cast<std::uint8_t>(1 + below(32)),
                          static_cast<std::uint8_t>(1 + below(128))};
    made.send_proxy_version = flag() ? 1 : 2;
    for (auto left = below(3); left > 0; --left) {
      made.trusted_proxies.push_back(*parse_address_block(flag() ? "10.0.0.0/8" : "::1"));
    }
    made.send_proxy_udp = static_cast<udp_proxy>(below(3));
    made.udp_strangers = static_cast<udp_strangers>(below(2));
    made.camouflage = static_cast<camouflage_answer>(below(2));
    if (below(3) == 0) made.camouflage = *parse_remote(flag() ? "127.0.0.1:8080" : "[::1]:80");
    made.warm = below(65536);
    made.on_change = static_cast<fate>(below(3));
    made.on_remove = static_cast<fate>(below(2));
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
  int rules_ = 0;
};

}  // namespace relay::config::test
