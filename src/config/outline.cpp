#include "outline.hpp"

#include "fields.hpp"

#include <algorithm>

namespace relay::config {

namespace {

template <class Codec>
constexpr bool is_required = false;
template <>
constexpr bool is_required<address_codec> = true;

template <class Codec, class Value>
void add(outline_table& into, const key_name& key, const Codec& codec, const Value& value) {
  auto text = codec.print(value);
  if (!text.empty()) into.push_back({key.name, std::move(text)});
}

/// Called for each field of a table: its value, unless it is the default and those are left out.
template <class Values>
auto listing(outline_table& into, const Values& values, extent how) {
  return [&into, &values, how](const key_name& key, auto, auto member, const auto& codec) {
    static const Values defaults;
    using codec_type = std::decay_t<decltype(codec)>;
    const bool idle = values.*member == defaults.*member && !is_required<codec_type>;
    if (how == extent::all || !idle) add(into, key, codec, values.*member);
  };
}

/// Giving the protocol drops the search list of the system, even when it is the default one; not
/// giving it keeps that.
void list_dns(outline_table& into, const dns& what, extent how) {
  dns_fields([&](const key_name& key, auto patch, auto member, const auto& codec) {
    if (key.name != "protocol") return listing(into, what, how)(key, patch, member, codec);
    if (!what.protocol_given && how == extent::needed) return;
    add(into, key, codec, what.*member);
    into.back().is_remark = !what.protocol_given;
  });
}

/// What all endpoints have in common goes to the global table. For a single one there is nothing
/// to save, and who adds a second one means the first to stay as it is.
void list_networks(outline& into, const std::vector<endpoint>& endpoints) {
  network_fields([&](const key_name& key, auto patch, auto member, const auto& codec) {
    const auto same = [&](const endpoint& each) {
      return each.network.*member == endpoints.front().network.*member;
    };
    if (endpoints.size() > 1 && std::ranges::all_of(endpoints, same)) {
      return listing(into.network, endpoints.front().network, extent::needed)(key, patch, member,
                                                                              codec);
    }
    for (std::size_t at = 0; at < endpoints.size(); ++at) {
      listing(into.endpoints[at].network, endpoints[at].network, extent::needed)(key, patch, member,
                                                                                 codec);
    }
  });
}

}  // namespace

outline outline_of(const settings& what, extent how) {
  outline made;
  log_fields(listing(made.log, what.log, how));
  list_dns(made.dns, what.dns, how);
  process_fields(listing(made.process, what.process, how));
  for (const auto& each : what.endpoints) {
    auto& rule = made.endpoints.emplace_back();
    endpoint_fields(listing(rule.keys, each, how));
    if (how == extent::all) network_fields(listing(rule.network, each.network, how));
  }
  if (how == extent::needed) list_networks(made, what.endpoints);
  return made;
}

}  // namespace relay::config
