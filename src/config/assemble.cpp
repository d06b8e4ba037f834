#include "assemble.hpp"

namespace relay::config {

namespace {

/// Endpoints carry the global `network`. Without one it is lost, to `convert` as to everybody.
void tell_of_unused(const network& global, findings& found) {
  for (const auto& each : network_keys()) {
    if (!global.keys.has(each.name)) continue;
    found.warning(global.keys.at(each.name),
                  "the global `network` has no effect: there is no endpoint",
                  "add an endpoint, or remove `network`");
    return;
  }
}

/// What counts for an endpoint, the nearest layer first.
network merged(const network& forced, const network& own, const network& global) {
  network made;
  for (const auto* layer : {&forced, &own, &global}) complete(network_keys(), made, *layer);
  return made;
}

}  // namespace

origin command_line() {
  static const auto from = std::make_shared<const source>(source{"command line", {}});
  return {from, 0};
}

settings assemble(std::vector<fragment> texts, const overrides& forced, findings& found) {
  for (const auto& each : forced.refused) found.error(each.where, each.message, each.hint);
  settings made;
  made.rules = forced.rules;
  if (made.rules == dialect::realm) {
    made.log.level = log_level::off;
    made.process.binds_partially = true;
    made.control.path = "off";
  }
  complete(log_keys(), made.log, forced.log);
  complete(dns_keys(), made.dns, forced.dns);
  complete(control_keys(), made.control, forced.control);
  network global;
  for (const auto& each : texts) {
    complete(log_keys(), made.log, each.log);
    complete(dns_keys(), made.dns, each.dns);
    complete(process_keys(), made.process, each.process);
    complete(control_keys(), made.control, each.control);
    complete(network_keys(), global, each.network);
  }
  made.dns.protocol_given = made.dns.keys.has("protocol");
  for (auto& text : texts) {
    for (auto& each : text.endpoints) {
      if (!each.keys.has("listen") || !each.keys.has("remote")) continue;  // that has been told
      each.network = merged(forced.network, each.network, global);
      made.endpoints.push_back(std::move(each));
    }
  }
  if (made.endpoints.empty()) tell_of_unused(global, found);
  validate(made, found);
  return made;
}

}  // namespace relay::config
