#pragma once

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

/// The same among fields of `key=value`: ` name=web`, or nothing. A name is one word.
inline std::string name_field(std::string_view name) {
  return name.empty() ? std::string() : " name=" + std::string(name);
}

}  // namespace relay::config
