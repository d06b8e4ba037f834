#include "assemble.hpp"

#include <relay/base/zoned_address.hpp>

#include <algorithm>
#include <set>
#include <tuple>

namespace relay::config {

namespace {

constexpr std::chrono::seconds longest_keepalive{32767};
constexpr int most_probes = 127;

/// A global key is seen once per endpoint; its problem is told once.
class once {
 public:
  bool operator()(const origin& where, std::string_view key) {
    return told_.emplace(where.from.get(), where.offset, key).second;
  }

 private:
  std::set<std::tuple<const source*, std::size_t, std::string_view>> told_;
};

void check_dns(const dns& what, findings& found) {
  if (what.min_ttl <= what.max_ttl) return;
  if (found.is_doubtful("min_ttl") || found.is_doubtful("max_ttl")) return;
  auto where = what.keys.at("min_ttl");
  if (!where.from) where = what.keys.at("max_ttl");
  found.error(std::move(where),
              "`min_ttl` (" + std::to_string(what.min_ttl.count()) + ") is above `max_ttl` (" +
                  std::to_string(what.max_ttl.count()) + ")",
              "make `min_ttl` the smaller one");
}

void check_group(const process& what, findings& found) {
  if (what.group.empty() || !what.user.empty() || found.is_doubtful("user")) return;
  found.warning(what.keys.at("group"), "`group` has no effect without `user`",
                "say `user` as well, or remove it");
}

/// Linux refuses such socket options, and then every connection would fail.
void clamp_keepalive(network& what, const origin& otherwise, once& first, findings& found) {
  const auto warn = [&](std::string_view key, const std::string& range) {
    auto where = what.keys.at(key);
    if (!where.from) where = otherwise;
    if (!first(where, key)) return;
    found.warning(where, '`' + std::string(key) + "`: the kernel takes " + range,
                  "the nearest value is used");
  };
  if (what.tcp_keepalive > longest_keepalive) {
    warn("tcp_keepalive", "at most 32767 seconds");
    what.tcp_keepalive = longest_keepalive;
  }
  const auto probes = std::clamp(what.tcp_keepalive_probe, 1, most_probes);
  if (probes != what.tcp_keepalive_probe) {
    warn("tcp_keepalive_probe", "1 to 127");
    what.tcp_keepalive_probe = probes;
  }
}

/// Files cannot say this, but the command line can.
void check_forced(const endpoint& what, once& first, findings& found) {
  const auto version = what.network.send_proxy_version;
  if (version == 1 || version == 2) return;
  const auto where = place_of(what, "send_proxy_version");
  if (!first(where, "send_proxy_version")) return;
  found.error(where, "`send_proxy_version`: there is no version " + std::to_string(version),
              "it takes 1 or 2");
}

void check_ports(const endpoint& what, std::string_view key, const host_port& remote,
                 findings& found) {
  if (remote.ports.size() == 1 || remote.ports.size() == what.listen.ports.size()) return;
  found.error(place_of(what, key),
              '`' + std::string(key) + "`: " + std::to_string(remote.ports.size()) +
                  " ports do not match the " + std::to_string(what.listen.ports.size()) +
                  " of `listen`",
              "give one port, or a range of the same size");
}

// A name may have addresses of both families; a literal has not.
void check_family(const endpoint& what, std::string_view key, const host_port& remote,
                  findings& found) {
  if (!what.through || !what.through->address || !remote.address) return;
  if (what.through->address->family() == remote.address->family()) return;
  found.error(place_of(what, "through"), "`through`: " + what.through->host + " and `" +
                                             std::string(key) + "` " + remote.to_string() +
                                             " are of different families, IPv4 and IPv6");
}

/// A link-local address alone does not say in which network it is; a device that the socket is
/// bound to does.
void check_zone(const endpoint& what, std::string_view key, const host_port& address,
                std::string_view device, std::string_view device_key, findings& found) {
  if (!address.address || !is_link_local(*address.address) || address.address->scope() != 0) return;
  if (!device.empty()) return;
  const auto zoned = address.host + "%eth0";
  const bool alone = key == "through" && address.ports.first == 0;
  found.error(place_of(what, key),
              '`' + std::string(key) + "`: the link-local address " + address.host +
                  " needs a zone, the device of its network",
              "write " +
                  (alone ? '[' + zoned + ']' : host_port{zoned, {}, address.ports}.to_string()) +
                  " with the name of yours, or give `" + std::string(device_key) + '`');
}

void check_zones(const endpoint& what, findings& found) {
  check_zone(what, "listen", what.listen, what.listen_interface, "listen_interface", found);
  check_zone(what, "remote", what.remote, what.interface, "interface", found);
  for (const auto& extra : what.extra_remotes)
    check_zone(what, "extra_remotes", extra, what.interface, "interface", found);
  if (what.through) check_zone(what, "through", *what.through, what.interface, "interface", found);
}

// Every client of UDP has a port of its own, and here is only one.
void check_through_port(const endpoint& what, findings& found) {
  if (!what.through || what.through->ports.first == 0 || !what.network.use_udp) return;
  found.warning(place_of(what, "through"),
                "`through`: with a port, UDP serves one client at a time, and each new one takes "
                "the place of the last",
                "leave the port out, unless there is only one client");
}

/// A key that has no effect without another. A global one has, as long as one endpoint uses it.
struct companion {
  std::string_view key;
  std::string_view needs;
  bool (*given)(const network&);
  bool (*used)(const network&);
  std::string_view message;
  std::string_view hint;
};

constexpr companion companions[]{
    {"trusted_proxies", "accept_proxy", [](const network& n) { return !n.trusted_proxies.empty(); },
     [](const network& n) { return n.accept_proxy; },
     "`trusted_proxies` has no effect without `accept_proxy`: anyone may connect",
     "switch `accept_proxy` on, or remove it"},
    {"send_proxy_udp", "use_udp",
     [](const network& n) { return n.send_proxy_udp != udp_proxy::off; },
     [](const network& n) { return n.use_udp; }, "`send_proxy_udp` has no effect without `use_udp`",
     "switch `use_udp` on, or remove it"},
    {"udp_strangers", "use_udp",
     [](const network& n) { return n.udp_strangers != udp_strangers::accept; },
     [](const network& n) { return n.use_udp; }, "`udp_strangers` has no effect without `use_udp`",
     "switch `use_udp` on, or remove it"},
};

// Which of its ports a client will want is not known.
void check_warm(const endpoint& what, once& first, findings& found) {
  const auto is_range = [](const host_port& each) { return each.ports.size() > 1; };
  const bool any = is_range(what.remote) || std::ranges::any_of(what.extra_remotes, is_range);
  const auto where = place_of(what, "warm");
  if (!any || what.network.warm == 0 || !first(where, "warm")) return;
  found.warning(where, "`warm` has no effect where `remote` is a range of ports",
                "give the remote one port, or set it to 0 for this endpoint");
}

/// Warns of a key where it has no effect, but of a global one only if it has none anywhere.
template <class Given, class Used>
void check_effect(const settings& what, std::string_view key, Given given, Used used,
                  std::string_view message, std::string_view hint, once& first, findings& found) {
  once effective;
  for (const auto& each : what.endpoints) {
    if (given(each) && used(each)) effective(place_of(each, key), key);
  }
  for (const auto& each : what.endpoints) {
    if (!given(each) || used(each)) continue;
    const auto where = place_of(each, key);
    if (effective(where, key) && first(where, key)) {
      found.warning(where, std::string(message), std::string(hint));
    }
  }
}

void check_companions(const settings& what, once& first, findings& found) {
  for (const auto& row : companions) {
    if (found.is_doubtful(row.needs)) continue;
    const auto given = [&](const endpoint& each) { return row.given(each.network); };
    const auto used = [&](const endpoint& each) { return row.used(each.network); };
    check_effect(what, row.key, given, used, row.message, row.hint, first, found);
  }
}

void check_camouflage(const settings& what, once& first, findings& found) {
  if (found.is_doubtful("listen_transport")) return;
  check_effect(
      what, "camouflage", [](const endpoint& each) { return site_of(each) != nullptr; },
      [](const endpoint& each) { return speaks_transport(each); },
      "`camouflage` has no effect without `listen_transport`: there is nothing to fail",
      "give it one, or remove it", first, found);
}

}  // namespace

const host_port* site_of(const endpoint& what) {
  return std::get_if<host_port>(&what.network.camouflage);
}

bool speaks_transport(const endpoint& what) {
  const auto& wants = what.listen_transport->value;
  return wants.ws || wants.tls;
}

origin place_of(const endpoint& what, std::string_view key) {
  auto where = what.keys.at(key);
  if (!where.from) where = what.network.keys.at(key);
  return where.from ? where : what.origin;
}

void validate(settings& what, findings& found) {
  once first;
  check_dns(what.dns, found);
  check_group(what.process, found);
  for (auto& each : what.endpoints) {
    clamp_keepalive(each.network, each.origin, first, found);
    check_forced(each, first, found);
    check_ports(each, "remote", each.remote, found);
    check_family(each, "remote", each.remote, found);
    for (const auto& extra : each.extra_remotes) {
      check_ports(each, "extra_remotes", extra, found);
      check_family(each, "extra_remotes", extra, found);
    }
    check_zones(each, found);
    check_through_port(each, found);
    check_warm(each, first, found);
    check_balance(each, found);
    check_transports(each, found);
  }
  check_names(what, found);
  check_companions(what, first, found);
  check_exposure(what, found);
  check_camouflage(what, first, found);
  check_loops(what, found);
}

}  // namespace relay::config
