#pragma once

#include <relay/base/ip.hpp>

#include <memory>
#include <vector>

namespace relay::names {

/// What a name stands for, in the order to be tried; never null, never empty. Shared, because one
/// answer serves every connection until it expires.
using addresses = std::shared_ptr<const std::vector<ip_address>>;

}  // namespace relay::names
