#pragma once

#include <cstdint>

namespace relay {

/// From the kernel; for seeds of hashes and of noise. `std::random_device` asks the processor what
/// it can do each time it is made, which takes a virtual machine 20 to 70 µs.
std::uint64_t random_seed();

}  // namespace relay
