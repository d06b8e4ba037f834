#pragma once

#include <relay/ops/variable.hpp>

#include <map>
#include <string>
#include <utility>

namespace relay::test {

/// An environment of these variables and no others.
inline ops::variable_reader variables(std::map<std::string, std::string> given) {
  return [given = std::move(given)](const char* name) -> std::optional<std::string> {
    const auto found = given.find(name);
    return found == given.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace relay::test
