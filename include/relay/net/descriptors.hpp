#pragma once

#include <cstddef>

namespace relay::net {

/// The process's limit of descriptors, and how many are open.
struct descriptor_use {
  std::size_t limit = 0;
  std::size_t open = 0;
};
descriptor_use descriptors();

}  // namespace relay::net
