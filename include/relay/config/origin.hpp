#pragma once

#include <relay/document/origin.hpp>

namespace relay::config {

using document::key_origins;
using document::origin;
using document::place_within;
using document::source;

}  // namespace relay::config
