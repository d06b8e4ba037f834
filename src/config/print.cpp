#include "outline.hpp"

#include <array>
#include <utility>

namespace relay::config {

namespace {

using tables = std::array<std::pair<std::string_view, const printed_table*>, 5>;

tables tables_of(const outline& what) {
  return {{{"log", &what.log},
           {"dns", &what.dns},
           {"process", &what.process},
           {"control", &what.control},
           {"network", &what.network}}};
}

void print_json(std::string& text, std::string_view indent, const outline::rule& rule) {
  json_members members(text, indent);
  members.add_all(rule.keys);
  if (rule.network.empty()) return;
  const std::string deeper = std::string(indent) + "  ";
  json_members(members.add("network"), deeper).add_all(rule.network);
}

}  // namespace

std::string to_toml(const settings& what, extent how) {
  const auto listed = outline_of(what, how);
  std::string text;
  if (listed.endpoints.empty()) text += "endpoints = []\n";
  for (const auto& [name, table] : tables_of(listed)) {
    if (!table->empty()) append_toml(text, '[' + std::string(name) + ']', *table);
  }
  for (const auto& each : listed.endpoints) {
    append_toml(text, "[[endpoints]]", each.keys);
    if (!each.network.empty()) append_toml(text, "[endpoints.network]", each.network);
  }
  return text;
}

std::string to_json(const settings& what, extent how) {
  const auto listed = outline_of(what, how);
  std::string text;
  {
    json_members root(text, "");
    for (const auto& [name, table] : tables_of(listed)) {
      if (!table->empty()) json_members(root.add(name), "  ").add_all(*table);
    }
    root.add("endpoints") += '[';
    std::string_view before = "\n    ";
    for (const auto& each : listed.endpoints) {
      text += before;
      print_json(text, "    ", each);
      before = ",\n    ";
    }
    text += listed.endpoints.empty() ? "]" : "\n  ]";
  }
  return text + '\n';
}

}  // namespace relay::config
