#pragma once

#include <relay/config/config.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace relay::config {

/// For each of the new endpoints, which of the old ones it is. No old one is given twice.
std::vector<std::optional<std::size_t>> match_endpoints(const std::vector<endpoint>& before,
                                                        const std::vector<endpoint>& after);

/// The address alone, however it is written: `::1` is `0:0::1`.
std::string place_of_listener(const endpoint& what);

}  // namespace relay::config
