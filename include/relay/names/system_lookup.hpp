#pragma once

#include <relay/base/error.hpp>
#include <relay/base/ip.hpp>

#include <string>
#include <vector>

namespace relay::names {

/// Asks the system's resolver (getaddrinfo: nsswitch, hosts, DNS). Blocks: only at start, for names
/// the operator has given to listen at. Never empty when it succeeds.
result<std::vector<ip_address>> system_lookup(const std::string& host);

}  // namespace relay::names
