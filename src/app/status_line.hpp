#pragma once

#include <relay/forward/totals.hpp>

#include <string>

namespace relay::app {

/// What SIGUSR2 asks for: `endpoint 0.0.0.0:5000 remote=a:443 connections=3 …`, as
/// docs/operations.md has it.
std::string status_line(const forward::endpoint_totals& of);

}  // namespace relay::app
