#pragma once

#include <relay/base/log.hpp>
#include <relay/config/config.hpp>
#include <relay/config/load.hpp>

#include <memory>
#include <optional>

namespace relay::app {

logs::level level_of(config::log_level level) noexcept;

/// The log that a configuration asks for. Lines have milliseconds; under realm's name they are
/// realm's, unless a key of ours asks for something else. Throws config_error when it is a file
/// that cannot be written.
logs open_log(const config::settings& what);

/// The same for a reload that changes where the lines go: opened, but not used yet.
std::shared_ptr<log_output> open_output(const config::log& what);

/// A file that this user could not write; nothing is made or opened to find that out. A warning: a
/// service may run as somebody else.
std::optional<config::problem> log_problem(const config::log& what);

}  // namespace relay::app
