#include "commands.hpp"

namespace relay::app {
namespace {

std::optional<config::loaded> from_variable(const environment& with,
                                            const config::overrides& forced) {
  for (const char* name : {"RELAY_CONF", "REALM_CONF"}) {
    auto text = with.variable(name);
    // Container manifests set variables that they leave empty.
    if (!text || text->find_first_not_of(" \t\r\n") == std::string::npos) continue;
    return config::load_text(name, *std::move(text), forced);
  }
  return {};
}

std::optional<config::loaded> from_words(const invocation& given) {
  if (given.config) return config::load_path(*given.config, given.forced);
  if (given.missing.empty()) return config::load_command_line(given.endpoints, given.forced);
  return {};
}

}  // namespace

std::optional<config::loaded> load(const invocation& given, const environment& with,
                                   bool own_first) {
  if (own_first)
    if (auto own = from_words(given)) return own;
  if (auto text = from_variable(with, given.forced)) return text;
  return own_first ? std::nullopt : from_words(given);
}

}  // namespace relay::app
