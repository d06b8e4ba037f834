#include "outline.hpp"

#include "tables.hpp"

#include <algorithm>

namespace relay::config {

namespace {

/// Giving the protocol drops the search list of the system, even when it is the default one; not
/// giving it keeps that.
void list_dns(printed_table& into, const dns& what, extent how) {
  for (const auto& each : dns_keys()) {
    if (how == extent::needed && is_default(each, what)) continue;
    print_key(into, each, what);
    if (each.name == "protocol") into.back().is_remark = !what.protocol_given;
  }
}

/// What all endpoints have in common goes to the global table. For a single one there is nothing
/// to save, and who adds a second one means the first to stay as it is.
void list_networks(outline& into, const std::vector<endpoint>& endpoints) {
  for (const auto& key : network_keys()) {
    const auto same = [&](const endpoint& each) {
      return key.is_equal(each.network, endpoints.front().network);
    };
    if (endpoints.size() > 1 && std::ranges::all_of(endpoints, same)) {
      const auto& shared = endpoints.front().network;
      if (!is_default(key, shared)) print_key(into.network, key, shared);
      continue;
    }
    for (std::size_t at = 0; at < endpoints.size(); ++at) {
      const auto& own = endpoints[at].network;
      if (!is_default(key, own)) print_key(into.endpoints[at].network, key, own);
    }
  }
}

}  // namespace

outline outline_of(const settings& what, extent how) {
  outline made;
  print_keys(made.log, log_keys(), what.log, how);
  list_dns(made.dns, what.dns, how);
  print_keys(made.process, process_keys(), what.process, how);
  print_keys(made.control, control_keys(), what.control, how);
  for (const auto& each : what.endpoints) {
    auto& rule = made.endpoints.emplace_back();
    print_keys(rule.keys, endpoint_keys(), each, how);
    if (how == extent::all) print_keys(rule.network, network_keys(), each.network, how);
  }
  if (how == extent::needed) list_networks(made, what.endpoints);
  return made;
}

}  // namespace relay::config
