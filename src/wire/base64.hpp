#pragma once

#include <string>
#include <string_view>

namespace relay::wire {

/// With the letters of RFC 4648, section 4, and padding.
std::string base64(std::string_view bytes);

}  // namespace relay::wire
