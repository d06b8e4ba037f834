#pragma once

#include <relay/document/limits.hpp>

namespace relay::config {

using document::largest_text;

/// More than there are ports on two addresses.
constexpr std::size_t most_endpoints = 131072;
// Each of them has ten values, and more.
static_assert(document::most_values >= 10 * most_endpoints);

}  // namespace relay::config
