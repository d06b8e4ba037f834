#include "assemble.hpp"

#include <algorithm>

namespace relay::config {

namespace {

origin command_line() {
  static const auto from = std::make_shared<const source>(source{"command line", {}});
  return {from, 0};
}

/// Adds what `into` does not have yet.
template <class Patch>
auto adding(Patch& into, const Patch& more) {
  return [&into, &more](const key_name& key, auto field, auto, const auto&) {
    if (into.*field || !(more.*field)) return;
    into.*field = more.*field;
    into.keys.set(key.name, more.keys.at(key.name));
  };
}

/// Fills the values from the first layer that has the key; the others keep their default.
template <class Values, class Patch>
auto filling(Values& values, std::vector<const Patch*> layers) {
  return [&values, layers = std::move(layers)](const key_name& key, auto field, auto member,
                                               const auto&) {
    for (const auto* layer : layers) {
      if (!(layer->*field)) continue;
      values.*member = *(layer->*field);
      auto where = layer->keys.at(key.name);
      values.keys.set(key.name, where.from ? std::move(where) : command_line());
      return;
    }
  };
}

/// Endpoints carry the global `network`. Without one it is lost, to `convert` as to everybody.
void tell_of_unused(const network_patch& global, findings& found) {
  bool is_told = false;
  network_fields([&](const key_name& key, auto field, auto, const auto&) {
    if (is_told || !(global.*field)) return;
    is_told = true;
    found.warning(global.keys.at(key.name),
                  "the global `network` has no effect: there is no endpoint",
                  "add an endpoint, or remove it");
  });
}

}  // namespace

settings assemble(std::vector<document> documents, const overrides& forced, findings& found) {
  for (const auto& each : forced.refused) found.error(each.where, each.message, each.hint);
  document whole;
  for (const auto& each : documents) {
    log_fields(adding(whole.log, each.log));
    dns_fields(adding(whole.dns, each.dns));
    process_fields(adding(whole.process, each.process));
    network_fields(adding(whole.network, each.network));
  }
  settings made;
  made.rules = forced.rules;
  if (made.rules == dialect::realm) {
    made.log.level = log_level::off;
    made.process.binds_partially = true;
  }
  log_fields(filling(made.log, std::vector<const log_patch*>{&forced.log, &whole.log}));
  dns_fields(filling(made.dns, std::vector<const dns_patch*>{&forced.dns, &whole.dns}));
  process_fields(filling(made.process, std::vector<const process_patch*>{&whole.process}));
  made.dns.protocol_given = forced.dns.protocol || whole.dns.protocol;
  for (const auto& each : documents) {
    for (const auto& patch : each.endpoints) {
      if (!patch.listen || !patch.remote) continue;  // that has been told
      auto& endpoint = made.endpoints.emplace_back();
      endpoint.origin = patch.where;
      endpoint_fields(filling(endpoint, std::vector<const endpoint_patch*>{&patch}));
      network_fields(filling(
          endpoint.network,
          std::vector<const network_patch*>{&forced.network, &patch.network, &whole.network}));
    }
  }
  if (made.endpoints.empty()) tell_of_unused(whole.network, found);
  validate(made, found);
  return made;
}

}  // namespace relay::config
