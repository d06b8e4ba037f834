#pragma once

#include <cstdint>

namespace relay::config {

/// By whose rules a configuration is read. Files of realm load under both names; under realm's,
/// what realm takes stays a warning where relay refuses it.
enum class dialect : std::uint8_t { relay, realm };

}  // namespace relay::config
