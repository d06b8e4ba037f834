#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace relay::config {

/// What every line and message for operators calls an endpoint: `0.0.0.0:80 (web)`; without a name
/// only where it listens.
inline std::string endpoint_label(std::string_view listen, std::string_view name) {
  std::string text(listen);
  if (!name.empty()) text.append(" (").append(name).append(")");
  return text;
}

/// The same among fields of `key=value`: ` name=web`, in quotes where it is no word, or nothing.
inline std::string name_field(std::string_view name) {
  if (name.empty()) return {};
  if (name.find_first_of(" \t\"") == std::string_view::npos) return " name=" + std::string(name);
  std::string text(name);
  std::ranges::replace(text, '"', '\'');  // it must not end the quotation
  return " name=\"" + text + '"';
}

}  // namespace relay::config
