#include "assemble.hpp"

#include <relay/config/listen_clashes.hpp>
#include <relay/config/load.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace relay::config {

namespace {

/// An endpoint that cannot be used, in front of the one that has the index `before`.
struct incomplete {
  std::size_t before;
  endpoint what;
};

/// `check` looks for these in a configuration that can be read. Of one that cannot, they are told
/// together with everything else, so that nobody has to come back for them.
void tell_of_duplicates(settings what, std::vector<incomplete> more, findings& found) {
  for (auto each = more.rbegin(); each != more.rend(); ++each) {
    const auto at = what.endpoints.begin() + static_cast<std::ptrdiff_t>(each->before);
    what.endpoints.insert(at, std::move(each->what));
  }
  const auto severity = refuses_duplicates(what) ? problem::level::error : problem::level::warning;
  for (auto& each : duplicate_listens(what, severity))
    found.add(each.severity, std::move(each.where), std::move(each.message), std::move(each.hint));
}

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
  std::vector<incomplete> rest;
  for (auto& text : texts) {
    for (auto& each : text.endpoints) {
      if (!each.keys.has("listen")) continue;  // that has been told
      each.network = merged(forced.network, each.network, global);
      if (each.keys.has("remote")) {
        made.endpoints.push_back(std::move(each));
      } else {
        rest.push_back({made.endpoints.size(), std::move(each)});
      }
    }
  }
  if (made.endpoints.empty() && !found.has_errors()) tell_of_unused(global, found);
  validate(made, found);
  if (found.has_errors()) tell_of_duplicates(made, std::move(rest), found);
  return made;
}

}  // namespace relay::config
