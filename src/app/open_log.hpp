#pragma once

#include <relay/base/log.hpp>
#include <relay/config/config.hpp>

namespace relay::app {

logs::level level_of(config::log_level level) noexcept;

/// The log that a configuration asks for. Lines have milliseconds; under realm's name they are
/// realm's, unless a key of ours asks for something else. Throws as `logs` does.
logs open_log(const config::settings& what);

}  // namespace relay::app
