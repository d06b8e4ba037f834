#include "document.hpp"

namespace relay::config {

namespace {

std::string as_toml(const std::vector<endpoint_patch>& rules) {
  std::string text;
  for (const auto& each : rules) {
    if (!text.empty()) text += '\n';
    text += "[[endpoints]]\nlisten = " + quote(each.listen->to_string()) +
            "\nremote = " + quote(each.remote->to_string()) + '\n';
  }
  return text;
}

/// One compact line. What a TOML string escapes, a JSON string escapes the same way.
std::string as_json(const std::vector<endpoint_patch>& rules) {
  std::string text = "{\"endpoints\":[";
  for (const auto& each : rules) {
    if (text.back() == '}') text += ',';
    text += "{\"listen\":" + quote(each.listen->to_string()) +
            ",\"remote\":" + quote(each.remote->to_string()) + '}';
  }
  return text + "]}";
}

}  // namespace

std::string convert_legacy(std::string name, std::string text, convert_format format) {
  findings found;
  const auto from = make_source(std::move(name), std::move(text));
  std::vector<endpoint_patch> rules;
  if (const auto root = read_json(from, found)) {
    if (is_legacy(*root)) {
      rules = read_legacy(*root, from, found);
    } else {
      found.error({from, 0}, "this is not a realm 1.x configuration",
                  "that has `listening_addresses`, `listening_ports`, `remote_addresses` and "
                  "`remote_ports`");
    }
  }
  found.finish();
  return format == convert_format::toml ? as_toml(rules) : as_json(rules);
}

}  // namespace relay::config
