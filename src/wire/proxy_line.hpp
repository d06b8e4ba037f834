#pragma once

#include <relay/wire/proxy.hpp>

namespace relay::wire {

/// Version 1: `seen` begins with `P`, or is empty.
proxy_answer read_proxy_line(std::string_view seen);

}  // namespace relay::wire
