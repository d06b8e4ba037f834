#include <relay/base/reach.hpp>
#include <relay/config/label.hpp>
#include <relay/config/listen_clashes.hpp>
#include <relay/config/load.hpp>
#include <relay/document/findings.hpp>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace relay::config {

namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The ports of one place that are taken and by which endpoint, as ranges that do not meet.
class taken_ports {
 public:
  /// Who has the first of these ports that is taken.
  std::optional<std::size_t> owner_of(const port_range& ports) const {
    const auto at = first_reaching(ports.first);
    if (at == ranges_.end() || at->first > ports.last) return std::nullopt;
    return at->second.owner;
  }

  /// Gives to `owner` what is free among these ports.
  void take(const port_range& ports, std::size_t owner) {
    const std::uint32_t end = ports.last + 1U;
    std::uint32_t next = ports.first;
    for (auto at = first_reaching(next); next < end; ++at) {
      const auto stop = at == ranges_.end() ? end : std::min(at->first, end);
      if (next < stop) ranges_.emplace_hint(at, next, range{stop - 1, owner});
      if (stop == end) return;
      next = at->second.last + 1;
    }
  }

 private:
  struct range {
    std::uint32_t last;
    std::size_t owner;
  };
  using ranges = std::map<std::uint32_t, range>;  // by the first port

  /// The lowest range that ends at `port` or above it.
  ranges::const_iterator first_reaching(std::uint32_t port) const {
    const auto above = ranges_.upper_bound(port);
    if (above == ranges_.begin()) return above;
    const auto below = std::prev(above);
    return below->second.last >= port ? below : above;
  }

  ranges ranges_;
};

/// How an operator calls an endpoint.
std::string called(const endpoint& what) {
  return "the endpoint " + endpoint_label(what.listen.to_string(), what.name);
}

/// The families that an address listens on.
struct families {
  bool v4 = false;
  bool v6 = false;
};

/// Everything that listens for one protocol on one device. An address meets itself, and it meets
/// the unspecified address of its family; that of IPv6 is of both families unless `ipv6_only`.
class listeners {
 public:
  /// Who has one of its ports at an address that meets that of `what`; then takes them.
  std::optional<std::size_t> add(const endpoint& what, std::size_t index) {
    const auto& listen = what.listen;
    const auto literal =
        listen.address ? std::optional(without_mapping(*listen.address)) : std::nullopt;
    const bool any = listen.host.empty() || (literal && literal->is_unspecified());
    families of;
    if (listen.host.empty()) {
      of = {!what.network.ipv6_only, true};
    } else if (literal) {
      of = {!literal->is_v6() || (any && !what.network.ipv6_only), literal->is_v6()};
    }
    auto& same = exact_[literal ? literal->to_string() : lower(listen.host)];
    auto owner = any ? std::nullopt : same.owner_of(listen.ports);
    const auto look = [&](const taken_ports& in) {
      if (!owner) owner = in.owner_of(listen.ports);
    };
    if (of.v4) look(any ? all_v4_ : any_v4_);
    if (of.v6) look(any ? all_v6_ : any_v6_);
    if (!any) same.take(listen.ports, index);
    if (of.v4) all_v4_.take(listen.ports, index);
    if (of.v6) all_v6_.take(listen.ports, index);
    if (of.v4 && any) any_v4_.take(listen.ports, index);
    if (of.v6 && any) any_v6_.take(listen.ports, index);
    return owner;
  }

 private:
  std::map<std::string, taken_ports> exact_;  // by the address, or the name
  taken_ports any_v4_, any_v6_, all_v4_, all_v6_;
};

bool is_both_families(const endpoint& what) {
  const auto& listen = what.listen;
  const bool any = listen.host.empty() ||
                   (listen.address && listen.address->is_v6() && listen.address->is_unspecified());
  return any && !what.network.ipv6_only;
}

bool is_ipv4(const endpoint& what) {
  return what.listen.address && !without_mapping(*what.listen.address).is_v6();
}

}  // namespace

std::vector<listen_clash> listen_clashes(const settings& what) {
  std::vector<listen_clash> made;
  std::map<std::pair<bool, std::string>, listeners> taken;
  for (std::size_t at = 0; at < what.endpoints.size(); ++at) {
    const auto& each = what.endpoints[at];
    if (each.listen.ports.first == 0) continue;  // the system picks a free one
    for (const bool udp : {false, true}) {
      if (udp ? !each.network.use_udp : each.network.no_tcp) continue;
      const auto owner = taken[{udp, each.listen_interface}].add(each, at);
      if (owner) made.push_back({*owner, at, udp});
    }
  }
  return made;
}

std::string advice_on(const settings& what, const listen_clash& clash) {
  const auto& first = what.endpoints[clash.first];
  const auto& second = what.endpoints[clash.second];
  const auto* both = is_both_families(first)    ? &first
                     : is_both_families(second) ? &second
                                                : nullptr;
  const auto& other = both == &first ? second : first;
  if (both == nullptr || !is_ipv4(other)) return {};
  return "with `ipv6_only = true` for " + both->listen.to_string() +
         " it leaves IPv4 to the other, and both serve";
}

bool refuses_duplicates(const settings& what) { return !what.process.binds_partially; }

std::vector<problem> duplicate_listens(const settings& what, problem::level severity) {
  document::findings found;
  for (const auto& clash : listen_clashes(what)) {
    if (!found.wants(severity)) {
      found.add(severity, what.endpoints[clash.second].origin, {});
      continue;
    }
    const auto& first = what.endpoints[clash.first];
    const auto& second = what.endpoints[clash.second];
    auto advice = advice_on(what, clash);
    std::string outcome = "the first one serves, this one cannot be bound";
    if (refuses_duplicates(what)) {
      outcome = "remove one of them, or let it listen elsewhere";
    }
    found.add(severity, second.origin,
              "`listen`: " + second.listen.to_string() + (clash.udp ? " (UDP)" : " (TCP)") +
                  " is already used by " + called(first) + ", at " + first.origin.to_string(),
              advice.empty() ? std::move(outcome) : std::move(advice));
  }
  return found.take();
}

}  // namespace relay::config
