#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace relay::app {

/// Raises the soft limit of descriptors to the hard one.
void raise_descriptor_limit();

/// Sets both limits (`-n`); a refusal is silent, the `fd:` line shows what counts.
void set_descriptor_limit(std::uint64_t both);

/// `fd: soft=<n>, hard=<n>` and a newline.
std::string descriptor_line();

}  // namespace relay::app
