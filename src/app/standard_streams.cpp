#include "standard_streams.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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

// A pipe that says it is writable takes a page without waiting.
void write_unless_full(int fd, std::string_view line) noexcept {
  const auto has_room = [fd] {
    pollfd ready{fd, POLLOUT, 0};
    return ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0;
  };
  if (!has_room()) return;
  if (line.size() <= PIPE_BUF) return static_cast<void>(!::write(fd, line.data(), line.size()));
  (void)!::write(fd, line.data(), PIPE_BUF);
  if (has_room()) (void)!::write(fd, "\n", 1);
}

}  // namespace relay::app
