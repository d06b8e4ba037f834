#pragma once

#include <functional>
#include <optional>
#include <string>

namespace relay::ops {

/// Reads the environment; a test has one of its own.
using variable_reader = std::function<std::optional<std::string>(const char* name)>;

}  // namespace relay::ops
