#include "outline.hpp"

#include "tables.hpp"

#include <algorithm>

namespace relay::config {

namespace {

template <class Table>
void add(outline_table& into, const key_row<Table>& key, const Table& values) {
  auto text = key.print(values);
  if (!text.empty()) into.push_back({key.name, std::move(text)});
}

template <class Table>
bool is_default(const key_row<Table>& key, const Table& values) {
  static const Table defaults;
  return !key.is_required && key.is_equal(values, defaults);
}

template <class Table>
void list(outline_table& into, const schema<Table>& keys, const Table& values, extent how) {
  for (const auto& each : keys) {
    if (how == extent::all || !is_default(each, values)) add(into, each, values);
  }
}

/// Giving the protocol drops the search list of the system, even when it is the default one; not
/// giving it keeps that.
void list_dns(outline_table& into, const dns& what, extent how) {
  for (const auto& each : dns_keys()) {
    const bool is_protocol = each.name == "protocol";
    const bool is_left_out = is_protocol ? !what.protocol_given : is_default(each, what);
    if (how == extent::needed && is_left_out) continue;
    add(into, each, what);
    if (is_protocol) into.back().is_remark = !what.protocol_given;
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
      if (!is_default(key, shared)) add(into.network, key, shared);
      continue;
    }
    for (std::size_t at = 0; at < endpoints.size(); ++at) {
      const auto& own = endpoints[at].network;
      if (!is_default(key, own)) add(into.endpoints[at].network, key, own);
    }
  }
}

}  // namespace

outline outline_of(const settings& what, extent how) {
  outline made;
  list(made.log, log_keys(), what.log, how);
  list_dns(made.dns, what.dns, how);
  list(made.process, process_keys(), what.process, how);
  for (const auto& each : what.endpoints) {
    auto& rule = made.endpoints.emplace_back();
    list(rule.keys, endpoint_keys(), each, how);
    if (how == extent::all) list(rule.network, network_keys(), each.network, how);
  }
  if (how == extent::needed) list_networks(made, what.endpoints);
  return made;
}

}  // namespace relay::config
