#pragma once

#include <relay/base/error.hpp>

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace relay {

/// From the kernel; for seeds of hashes and of noise. `std::random_device` asks the processor what
/// it can do each time it is made, which takes a virtual machine 20 to 70 µs.
std::uint64_t random_seed();

/// What getrandom(2) is like.
using random_source = ssize_t (*)(void* into, std::size_t size, unsigned flags);

/// Fills all of it from the kernel, or says why not; then its content is of no use. Nothing else is
/// asked in the kernel's place: what is made here must not be guessed.
[[nodiscard]] error_code fill_random(std::span<std::byte> into);
[[nodiscard]] error_code fill_random(std::span<std::byte> into, random_source from);

}  // namespace relay
