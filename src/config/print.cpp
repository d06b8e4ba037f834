#include "outline.hpp"

#include <array>
#include <utility>

namespace relay::config {

namespace {

using tables = std::array<std::pair<std::string_view, const outline_table*>, 4>;

tables tables_of(const outline& what) {
  return {{{"log", &what.log},
           {"dns", &what.dns},
           {"process", &what.process},
           {"network", &what.network}}};
}

void print_toml(std::string& text, std::string_view heading, const outline_table& table) {
  if (!text.empty()) text += '\n';
  text.append(heading).append("\n");
  for (const auto& each : table) {
    text.append(each.is_remark ? "# " : "").append(each.name).append(" = ");
    text.append(each.value).append("\n");
  }
}

/// Members of an object, one a line, as deep in the text as `indent` says.
class json_members {
 public:
  json_members(std::string& text, std::string_view indent) : text_(text), indent_(indent) {
    text_ += '{';
  }
  ~json_members() { text_.append(first_ ? "" : "\n").append(first_ ? "" : indent_).append("}"); }
  json_members(const json_members&) = delete;
  json_members& operator=(const json_members&) = delete;

  /// Begins a member: its value is to be appended.
  std::string& add(std::string_view name) {
    text_.append(first_ ? "\n" : ",\n").append(indent_).append("  \"").append(name).append("\": ");
    first_ = false;
    return text_;
  }
  void add_all(const outline_table& table) {
    for (const auto& each : table) {
      if (!each.is_remark) add(each.name) += each.value;
    }
  }

 private:
  std::string& text_;
  std::string_view indent_;
  bool first_ = true;
};

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
    if (!table->empty()) print_toml(text, '[' + std::string(name) + ']', *table);
  }
  for (const auto& each : listed.endpoints) {
    print_toml(text, "[[endpoints]]", each.keys);
    if (!each.network.empty()) print_toml(text, "[endpoints.network]", each.network);
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
