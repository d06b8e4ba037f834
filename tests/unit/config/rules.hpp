#pragma once

#include "unit/config/loading.hpp"

#include <relay/config/diff.hpp>

namespace relay::config::test {

/// An endpoint without a name, with one, with lines of its own.
inline std::string rule(const std::string& listen, const std::string& remote = "b:9000",
                        const std::string& lines = "") {
  return "[[endpoints]]\nlisten = \"" + listen + "\"\nremote = \"" + remote + "\"\n" + lines + '\n';
}
inline std::string named(const std::string& name, const std::string& listen,
                         const std::string& remote = "b:9000", const std::string& lines = "") {
  return rule(listen, remote, "name = \"" + name + "\"\n" + lines);
}

inline settings settings_of(const std::string& text) {
  overrides lax;
  lax.rules = dialect::realm;  // takes an endpoint that serves nothing
  return load(text.empty() ? "endpoints = []" : text, lax).value;
}

/// `=0>1` for an endpoint that stays, `~0>1 remote` for a changed one, `~0>1! listen` for one that
/// listens elsewhere, `+2` and `-1`; joined by `, `.
inline std::string brief(const changes& of) {
  std::string text;
  for (const auto& each : of.endpoints) {
    if (!text.empty()) text += ", ";
    text += "=~+-"[static_cast<int>(each.what)];
    if (each.before) text += std::to_string(*each.before);
    if (each.before && each.after) text += '>';
    if (each.after) text += std::to_string(*each.after);
    if (each.listens_elsewhere) text += '!';
    for (const auto& key : each.keys) text += ' ' + key;
  }
  return text;
}
inline std::string brief_diff(const std::string& from, const std::string& to) {
  return brief(diff(settings_of(from), settings_of(to)));
}

}  // namespace relay::config::test
