#pragma once

#include <relay/config/load.hpp>

#include <vector>

namespace relay::app {

/// Warnings of the devices that a configuration names and this machine has not, or not yet: `check`
/// may run on another one. Each is told once.
std::vector<config::problem> missing_devices(const config::settings& what);

}  // namespace relay::app
