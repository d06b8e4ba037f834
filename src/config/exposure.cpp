#include "assemble.hpp"

#include <relay/base/cidr.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace relay::config {
namespace {

/// Addresses that strangers do not reach: of the machine itself, and of private networks (RFC 1918,
/// RFC 4193, RFC 6598, and link-local ones).
bool is_private(const ip_address& address) {
  static const auto blocks = [] {
    std::array<cidr, 9> made;
    std::size_t count = 0;
    for (const char* text : {"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                             "169.254.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10"})
      made[count++] = *cidr::parse(text);
    return made;
  }();
  return std::ranges::any_of(blocks, [&](const cidr& each) { return each.contains(address); });
}

/// Whether strangers may reach a listener; of a name nobody knows before it is looked up.
bool is_public(const host_port& listen) {
  if (listen.address) return !is_private(*listen.address);
  return listen.host.empty();
}

void check_serves(const endpoint& what, dialect rules, findings& found) {
  if (!what.network.no_tcp || what.network.use_udp) return;
  if (rules == dialect::relay && found.blame("use_udp")) return;
  const auto where = place_of(what, "no_tcp");
  const auto message =
      "`no_tcp` without `use_udp`: " + what.listen.to_string() + " would serve nothing";
  const auto* const hint = "switch `use_udp` on, or `no_tcp` off";
  // realm starts, and ends at once when no other endpoint serves anything.
  if (rules == dialect::realm) {
    found.warning(where, message, hint);
  } else {
    found.error(where, message, hint);
  }
}

/// Datagrams go their own way, which nobody who reads `tls` expects.
void check_datagrams(const endpoint& what, findings& found) {
  if (!what.network.use_udp || what.network.no_tcp) return;
  const auto& out = what.remote_transport->value;
  const bool listens = speaks_transport(what);
  if (!listens && !out.ws && !out.tls) return;
  const std::string key = listens ? "listen_transport" : "remote_transport";
  found.warning(place_of(what, key),
                "`use_udp` with `" + key +
                    "`: the transport is for TCP alone, and the datagrams of " +
                    what.listen.to_string() + " cross in clear",
                "switch `use_udp` off, or encrypt datagrams by other means, such as a VPN");
}

}  // namespace

void check_exposure(const settings& what, findings& found) {
  std::set<std::pair<const source*, std::size_t>> told;  // a global key is told of once
  for (const auto& each : what.endpoints) {
    check_serves(each, what.rules, found);
    check_datagrams(each, found);
    const auto& net = each.network;
    if (!net.accept_proxy || !net.trusted_proxies.empty() || net.no_tcp) continue;
    if (found.is_doubtful("trusted_proxies")) continue;
    if (!is_public(each.listen)) continue;
    const auto where = place_of(each, "accept_proxy");
    if (!told.emplace(where.from.get(), where.offset).second) continue;
    found.warning(where,
                  "`accept_proxy` without `trusted_proxies`: whoever reaches " +
                      each.listen.to_string() + " can claim any address",
                  "list your proxies, as in `trusted_proxies = [\"192.0.2.10\"]`");
  }
}

}  // namespace relay::config
