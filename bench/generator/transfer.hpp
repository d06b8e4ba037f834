#pragma once

#include <cstddef>
#include <span>

namespace relay::bench {

enum class moved { some, blocked, end, failed };

struct transfer {
  moved what;
  std::size_t bytes = 0;
};

transfer send_some(int fd, std::span<const char> data);
transfer receive_some(int fd, std::span<char> into);
/// Has the kernel throw away what is there, up to 1 MiB: no copy, so that a sink costs next to
/// nothing.
transfer discard_some(int fd);

}  // namespace relay::bench
