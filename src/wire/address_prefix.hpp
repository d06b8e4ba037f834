#pragma once

#include <string_view>

namespace relay::wire {

/// Whether something can be put behind `text` (if only nothing) that makes it an IPv4 or IPv6
/// address in the sense of `ip_address::parse`, without a scope. It tells at once who types no
/// address at all.
bool may_become_v4(std::string_view text);
bool may_become_v6(std::string_view text);

}  // namespace relay::wire
