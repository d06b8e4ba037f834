#include <relay/forward/live_endpoint.hpp>

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

namespace relay::forward {

std::optional<endpoint_lack> find_way(rule& of, const config::endpoint& from) {
  if (from.through) {
    auto local = resolve_through(*from.through);
    if (auto* why = std::get_if<std::string>(&local)) return endpoint_lack{code::name, *why};
    of.dial.through = std::get<ip_endpoint>(local);
  }
  if (from.network.send_mptcp && of.streams) {
    if (auto why = lacks_send_mptcp()) return endpoint_lack{code::config, *why};
  }
  if (auto why = lacks_device("remote", from.remote)) return endpoint_lack{code::name, *why};
  for (const auto& extra : from.extra_remotes) {
    if (auto why = lacks_device("extra_remotes", extra)) return endpoint_lack{code::name, *why};
  }
  return std::nullopt;
}

void take_in(live_endpoint& into, bound_endpoint bound, std::vector<new_listener>& opened) {
  into.at = bound.at;
  into.failure.clear();
  into.by->listening(bound.at);
  for (auto& each : bound.sockets) {
    auto at = bound.at;
    at.port = static_cast<std::uint16_t>(at.port + each.nth);
    into.listeners.push_back({at, each.datagrams, each.nth, each.worker});
    opened.push_back({into.by, std::move(each), at});
  }
  share_associations(into);
}

void share_associations(const live_endpoint& among) {
  std::set<std::size_t> serving;
  for (const auto& each : among.listeners) {
    if (each.datagrams) serving.insert(each.worker);
  }
  auto& of = *among.by;
  of.association_share =
      std::max<std::size_t>(of.max_associations / std::max<std::size_t>(serving.size(), 1), 1);
}

std::shared_ptr<const own_listeners> own_listeners_of(std::span<const live_endpoint> all) {
  struct held {
    std::vector<rule_ptr> rules;
    own_listeners listeners;
  };
  const auto made = std::make_shared<held>();
  for (const auto& each : all) {
    if (!each.at || !each.by->datagrams) continue;
    made->rules.push_back(each.by);
    made->listeners.add(*each.by);
  }
  return {made, &made->listeners};
}

}  // namespace relay::forward
