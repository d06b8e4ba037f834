#pragma once

#include "value_codecs.hpp"

/// The keys of each table, in the order of the document. A new key is a member of the table, with
/// its default, and a row here.
namespace relay::config {

const schema<log>& log_keys();
const schema<dns>& dns_keys();
const schema<process>& process_keys();
const schema<control>& control_keys();
const schema<network>& network_keys();
/// Without `network`, which is a table of its own. The transports are read by `rules`.
const schema<endpoint>& endpoint_keys(dialect rules = dialect::relay);

/// The tables of settings that are no endpoint's: `visit(name, keys, member)`.
template <class Visit>
void for_each_table(Visit visit) {
  visit("log", log_keys(), &settings::log);
  visit("dns", dns_keys(), &settings::dns);
  visit("process", process_keys(), &settings::process);
  visit("control", control_keys(), &settings::control);
}

}  // namespace relay::config
