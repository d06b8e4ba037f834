#include "standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace relay::app {

void fill_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is this one. It survives exec, as the streams do. A root folder
    // without /dev has at least itself.
    if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) ::open("/", O_PATH);
  }
}

}  // namespace relay::app
