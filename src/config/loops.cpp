#include "assemble.hpp"

#include <relay/base/reach.hpp>

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

/// Rules whose connections would come back for ever.
namespace relay::config {
namespace {

bool is_localhost(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  constexpr std::string_view name = "localhost";
  return std::ranges::equal(host, name, {}, [](unsigned char c) { return std::tolower(c); });
}

/// What is known of an address before anything is looked up. `localhost` may have others too, but
/// this one it has everywhere.
std::optional<ip_address> known_address(const host_port& of) {
  if (is_localhost(of.host)) return ip_address::parse("127.0.0.1");
  return of.address;
}

/// Whether a connection to `to` surely arrives at the listener of `there`; whether it does by a
/// name is found out when it is dialled.
bool arrives_at(const endpoint& there, const host_port& to) {
  const auto& listen = there.listen;
  if (listen.ports.first == 0 || !there.listen_interface.empty()) return false;
  if (to.ports.last < listen.ports.first || to.ports.first > listen.ports.last) return false;
  const auto target = known_address(to);
  const auto own = listen.host.empty() ? ip_address::parse("::") : known_address(listen);
  if (!own || !target) return !listen.host.empty() && listen.host == to.host;
  return reaches(*own, there.network.ipv6_only, *target) == reach::yes;
}

void check_own(const endpoint& what, std::string_view key, const host_port& remote,
               findings& found) {
  if (what.network.no_tcp && !what.network.use_udp) return;
  if (!arrives_at(what, remote)) return;
  found.error(place_of(what, key),
              '`' + std::string(key) + "`: " + remote.to_string() +
                  " is this endpoint's own listener, each connection would come back for ever");
}

/// Where one kind of traffic goes on from an endpoint: nowhere, or to a single place, since with a
/// choice of remotes there may be a way out.
using leads_to = const host_port* (*)(const endpoint&);

const host_port* only_remote(const endpoint& what) {
  return what.extra_remotes.empty() && what.remote.ports.size() == 1 ? &what.remote : nullptr;
}
const host_port* by_tcp(const endpoint& what) {
  return what.network.no_tcp ? nullptr : only_remote(what);
}
const host_port* by_udp(const endpoint& what) {
  return what.network.use_udp ? only_remote(what) : nullptr;
}
/// What fails one endpoint's transport fails another's too.
const host_port* as_visitor(const endpoint& what) {
  if (what.network.no_tcp) return nullptr;
  return speaks_transport(what) ? site_of(what) : only_remote(what);
}

/// Endpoints with one port, and which of them leads to which.
class ring_finder {
 public:
  ring_finder(const std::vector<endpoint>& all, leads_to leads)
      : all_(all), leads_(leads), seen_(all.size()) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].listen.ports.size() == 1 && leads(all[i]) != nullptr) remember(i);
    }
  }

  /// An endpoint that a walk from `start` comes to twice; nothing when the walk ends, or comes to
  /// where an earlier one has been.
  std::optional<std::size_t> walk(std::size_t start) {
    const auto mark = start + 1;
    for (std::optional at = start; at; at = next(*at)) {
      if (seen_[*at] == mark) return at;
      if (seen_[*at] != 0) return std::nullopt;
      seen_[*at] = mark;
    }
    return std::nullopt;
  }

 private:
  /// Ten thousand endpoints may listen at one port, each at an address of its own: they are found
  /// by both. Of those at every address the first of each kind is enough.
  void remember(std::size_t index) {
    const auto& listen = all_[index].listen;
    const auto own = known_address(listen);
    const bool any = listen.host.empty() || (own && own->is_unspecified());
    const auto host = any   ? std::string(every)
                      : own ? without_mapping(*own).to_string()
                            : listen.host;
    auto& here = by_place_[{listen.ports.first, host}];
    const auto is_alike = [&](std::size_t other) {
      return all_[other].listen.host == listen.host &&
             all_[other].listen_interface.empty() == all_[index].listen_interface.empty() &&
             all_[other].network.ipv6_only == all_[index].network.ipv6_only;
    };
    if (std::ranges::none_of(here, is_alike)) here.push_back(index);
  }

  std::optional<std::size_t> next(std::size_t from) const {
    const auto* const to = leads_(all_[from]);
    if (to == nullptr) return std::nullopt;
    const auto target = known_address(*to);
    const auto host = target ? without_mapping(*target).to_string() : to->host;
    for (const auto& place :
         {host, target && target->is_unspecified() ? own_loopback(*target) : host,
          std::string(every)}) {
      const auto here = by_place_.find({to->ports.first, place});
      if (here == by_place_.end()) continue;
      const auto found = std::ranges::find_if(
          here->second, [&](std::size_t each) { return arrives_at(all_[each], *to); });
      // One that leads to itself has been told of.
      if (found != here->second.end()) return *found == from ? std::nullopt : std::optional(*found);
    }
    return std::nullopt;
  }

  /// Where a connection to the unspecified address goes.
  static std::string own_loopback(const ip_address& of) { return of.is_v6() ? "::1" : "127.0.0.1"; }

  static constexpr std::string_view every = "*";
  const std::vector<endpoint>& all_;
  leads_to leads_;
  std::map<std::pair<std::uint16_t, std::string>, std::vector<std::size_t>> by_place_;
  std::vector<std::size_t> seen_;  // by the walk that began at that index less one
};

}  // namespace

void check_loops(const settings& what, findings& found) {
  for (const auto& each : what.endpoints) {
    check_own(each, "remote", each.remote, found);
    for (const auto& extra : each.extra_remotes) check_own(each, "extra_remotes", extra, found);
    const auto* const site = site_of(each);
    if (site != nullptr && speaks_transport(each)) check_own(each, "camouflage", *site, found);
  }
  for (const auto leads : {by_tcp, by_udp, as_visitor}) {
    ring_finder rings(what.endpoints, leads);
    for (std::size_t i = 0; i < what.endpoints.size(); ++i) {
      const auto in_ring = rings.walk(i);
      if (!in_ring) continue;
      const auto& each = what.endpoints[*in_ring];
      const auto* const to = leads(each);
      const std::string key = to == &each.remote ? "remote" : "camouflage";
      found.error(place_of(each, key),
                  '`' + key + "`: " + to->to_string() +
                      " leads back here by way of other endpoints, each connection would come "
                      "back for ever");
      return;  // once, whichever protocol it is
    }
  }
}

}  // namespace relay::config
