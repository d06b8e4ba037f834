#include <relay/base/unique_fd.hpp>

#include <unistd.h>

namespace relay {

void unique_fd::reset(int fd) noexcept {
  const int old = std::exchange(fd_, fd);
  // An error of close() is of no use here: Linux has released the descriptor in every case.
  if (old >= 0 && old != fd) ::close(old);
}

}  // namespace relay
