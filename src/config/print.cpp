#include "fields.hpp"

namespace relay::config {

namespace {

/// Called for each field of a table: one line for each value that is there.
template <class Values>
auto printing(std::string& text, const Values& values) {
  return [&text, &values](const key_name& key, auto, auto member, const auto& codec) {
    const auto value = codec.print(values.*member);
    if (!value.empty()) text.append(key.name).append(" = ").append(value).append("\n");
  };
}

void print_dns(std::string& text, const dns& what) {
  std::string lines;
  dns_fields(printing(lines, what));
  // Giving the protocol drops the search list of the system, even when it is the default one.
  if (!what.protocol_given) lines.insert(lines.find("protocol = "), "# ");
  text += lines;
}

}  // namespace

std::string to_toml(const settings& what) {
  std::string text;
  if (what.endpoints.empty()) text += "endpoints = []\n\n";
  text += "[log]\n";
  log_fields(printing(text, what.log));
  text += "\n[dns]\n";
  print_dns(text, what.dns);
  text += "\n[process]\n";
  process_fields(printing(text, what.process));
  for (const auto& each : what.endpoints) {
    text += "\n[[endpoints]]\n";
    endpoint_fields(printing(text, each));
    text += "\n[endpoints.network]\n";
    network_fields(printing(text, each.network));
  }
  return text;
}

}  // namespace relay::config
