#pragma once

#include <cstddef>

namespace relay::net {

/// The process's limit of descriptors, and how many are open.
struct descriptor_use {
  std::size_t limit = 0;
  std::size_t open = 0;
};
descriptor_use descriptors();

/// Lets the kernel's table of descriptors grow at once for `count` more. While a process has
/// several threads, each doubling of the table makes them wait until no processor can be looking at
/// the old one.
void make_room_for_descriptors(std::size_t count) noexcept;

}  // namespace relay::net
