#pragma once

#include <cstddef>

/// The process's dealings with its allocator.
namespace relay::app {

/// Before there are threads: one arena for each worker and one for all others, not eight for each
/// core. Each keeps what it has had, for threads that may have gone.
void bound_arenas(std::size_t workers) noexcept;

/// Gives the kernel back what is free, if that is worth its while. Whoever allocates meanwhile may
/// wait: some ten milliseconds for 300 MB.
void give_memory_back() noexcept;

}  // namespace relay::app
