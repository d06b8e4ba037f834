#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace relay {

/// Where the text stops being UTF-8 (no surrogates, nothing overlong); nothing: it is all UTF-8.
std::optional<std::size_t> broken_utf8(std::string_view text) noexcept;

}  // namespace relay
