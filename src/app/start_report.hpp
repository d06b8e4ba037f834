#pragma once

#include <relay/config/config.hpp>

#include <string>

namespace relay::app {

/// The lines that tell what was understood: `log:`, `dns:` and one `inited:` per endpoint, byte for
/// byte as the reference prints them (spec 1.7).
std::string start_report(const config::settings& what);

}  // namespace relay::app
