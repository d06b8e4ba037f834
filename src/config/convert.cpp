#include "fragment.hpp"

#include <relay/config/limits.hpp>
#include <relay/config/load.hpp>

namespace relay::config {

namespace {

std::string as_toml(const std::vector<endpoint>& rules) {
  std::string text;
  for (const auto& each : rules) {
    if (!text.empty()) text += '\n';
    text += "[[endpoints]]\nlisten = " + quote(each.listen.to_string()) +
            "\nremote = " + quote(each.remote.to_string()) + '\n';
  }
  return text;
}

/// One compact line. What a TOML string escapes, a JSON string escapes the same way.
std::string as_json(const std::vector<endpoint>& rules) {
  std::string text = "{\"endpoints\":[";
  for (const auto& each : rules) {
    if (text.back() == '}') text += ',';
    text += "{\"listen\":" + quote(each.listen.to_string()) +
            ",\"remote\":" + quote(each.remote.to_string()) + '}';
  }
  return text + "]}";
}

bool is_legacy_json(const std::string& text) {
  findings ignored;  // whoever reads it next tells what is wrong with it
  const auto root = read_json(make_source({}, text), ignored);
  return root && is_legacy(*root);
}

conversion from_legacy(std::string name, std::string text, convert_format format) {
  findings found;
  const auto from = make_source(std::move(name), std::move(text));
  std::vector<endpoint> rules;
  if (const auto root = read_json(from, found)) {
    if (is_legacy(*root)) {
      rules = read_legacy(*root, from, found);
    } else {
      found.error({from, 0}, "this is not a realm 1.x configuration",
                  "that has `listening_addresses`, `listening_ports`, `remote_addresses` and "
                  "`remote_ports`");
    }
  }
  auto warnings = found.finish();
  return {format == convert_format::toml ? as_toml(rules) : as_json(rules), std::move(warnings),
          true};
}

conversion converted(loaded what, convert_format format) {
  const auto print = format == convert_format::toml ? to_toml : to_json;
  return {print(what.value, extent::needed), std::move(what.warnings), false};
}

}  // namespace

conversion convert_text(std::string name, std::string text, convert_format format,
                        convert_input takes) {
  if (text.size() > largest_text) {
    findings found;
    found.error({make_source(name, {}), 0}, std::string(too_large));
    found.finish();  // throws
  }
  if (takes == convert_input::legacy || is_legacy_json(text))
    return from_legacy(std::move(name), std::move(text), format);
  return converted(load_text(std::move(name), std::move(text), {}), format);
}

conversion convert_folder(const std::filesystem::path& path, convert_format format) {
  return converted(load_path(path, {}), format);
}

std::string convert_legacy(std::string name, std::string text, convert_format format) {
  return from_legacy(std::move(name), std::move(text), format).text;
}

}  // namespace relay::config
