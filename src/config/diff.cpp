#include "match.hpp"
#include "tables.hpp"

#include <relay/config/diff.hpp>

#include <algorithm>
#include <array>

namespace relay::config {

namespace {

using kind = endpoint_change::kind;

/// What a running process takes over. Whatever else stands outside of endpoints holds from its
/// start to its end: rights once given up do not come back (`user`, `sandbox`), and the resolver,
/// the watch over workers and the form of the log's lines are made once. Whoever makes
/// one of these follow adds it here.
constexpr std::array<std::string_view, 6> followers{
    "log.level",    "log.output",    "process.shutdown_timeout", "process.max_connections",
    "process.bind", "process.watch",
};

/// Keys that are options of a listening socket, besides its address. Accepted connections inherit
/// some of them.
struct socket_option {
  std::string_view key;
  bool is_of_tcp;  ///< where only UDP is served it makes no difference
};
constexpr std::array<socket_option, 8> socket_options{{
    {"listen_interface", false},
    {"network.no_tcp", false},
    {"network.use_udp", false},
    {"network.ipv6_only", false},
    {"network.accept_mptcp", true},
    {"network.tcp_keepalive", true},
    {"network.tcp_keepalive_probe", true},
    {"network.tcp_user_timeout", true},
}};

template <class Table>
void compare(const std::string& prefix, const schema<Table>& keys, const Table& a, const Table& b,
             std::vector<std::string>& differ) {
  for (const auto& each : keys) {
    if (!each.is_equal(a, b)) differ.push_back(prefix + std::string(each.name));
  }
}

bool needs_other_sockets(const std::vector<std::string>& keys, const endpoint& a,
                         const endpoint& b) {
  if (place_of_listener(a) != place_of_listener(b)) return true;
  const bool has_tcp = !b.network.no_tcp;
  // A listener whose clients begin with a handshake is set up for its first answer.
  const auto begins_with_handshake = [](const endpoint& of) {
    return !of.listen_transport.text().empty();
  };
  if (has_tcp && begins_with_handshake(a) != begins_with_handshake(b)) return true;
  return std::ranges::any_of(socket_options, [&](const socket_option& each) {
    return (has_tcp || !each.is_of_tcp) && std::ranges::find(keys, each.key) != keys.end();
  });
}

void compare(endpoint_change& into, const endpoint& a, const endpoint& b) {
  compare("", endpoint_keys(), a, b, into.keys);
  compare("network.", network_keys(), a.network, b.network, into.keys);
  if (into.keys.empty()) return;
  into.what = kind::changed;
  into.listens_elsewhere = needs_other_sockets(into.keys, a, b);
}

std::vector<endpoint_change> compare_endpoints(const std::vector<endpoint>& from,
                                               const std::vector<endpoint>& to) {
  std::vector<endpoint_change> made;
  std::vector<bool> stays(from.size());
  const auto matches = match_endpoints(from, to);
  for (std::size_t at = 0; at < to.size(); ++at) {
    auto& each = made.emplace_back();
    each.after = at;
    each.before = matches[at];
    if (!each.before) {
      each.what = kind::added;
      continue;
    }
    stays[*each.before] = true;
    compare(each, from[*each.before], to[at]);
  }
  for (std::size_t at = 0; at < from.size(); ++at) {
    if (stays[at]) continue;
    auto& each = made.emplace_back();
    each.what = kind::removed;
    each.before = at;
  }
  return made;
}

}  // namespace

bool changes::empty() const noexcept {
  return needs_restart.empty() && follows.empty() &&
         std::ranges::all_of(endpoints, [](const auto& each) { return each.what == kind::same; });
}

std::size_t changes::differing() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(endpoints, [](const auto& each) { return each.what != kind::same; }));
}

changes diff(const settings& from, const settings& to) {
  changes made;
  made.endpoints = compare_endpoints(from.endpoints, to.endpoints);
  std::vector<std::string> differ;
  for_each_table([&](const std::string& name, const auto& keys, auto settings::*table) {
    compare(name + '.', keys, from.*table, to.*table, differ);
  });
  for (auto& each : differ) {
    const bool follows = std::ranges::find(followers, each) != followers.end();
    (follows ? made.follows : made.needs_restart).push_back(std::move(each));
  }
  return made;
}

fate fate_of(const endpoint_change& what, const settings& from, const settings& to) {
  if (what.what == kind::changed) return to.endpoints[*what.after].network.on_change;
  if (what.what == kind::removed) return from.endpoints[*what.before].network.on_remove;
  return fate::keep;
}

}  // namespace relay::config
