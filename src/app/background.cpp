#include "background.hpp"

#include <relay/app/serve.hpp>
#include <relay/base/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace relay::app {
namespace {

/// Sent by the middle process when the second fork fails: nobody serves, go on in the foreground.
constexpr unsigned char not_forked = 255;

/// The first byte of the pipe; nothing when all its writers are gone without one.
std::optional<unsigned char> read_byte(int from) {
  unsigned char byte = 0;
  for (;;) {
    const auto rc = ::read(from, &byte, 1);
    if (rc == 1) return byte;
    if (rc == 0 || errno != EINTR) return {};
  }
}

void write_byte(int to, unsigned char byte) {
  while (::write(to, &byte, 1) < 0 && errno == EINTR) {
  }
}

/// Makes the standard streams the null device, all or from stdin only.
void silence(int last) {
  const unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return;
  for (int fd = STDIN_FILENO; fd <= last; ++fd) ::dup2(null.get(), fd);
}

void reap(pid_t child) {
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

background background::start() {
  background role;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    role.failure_ = describe(last_system_error());
    return role;
  }
  unique_fd in(ends[0]);
  unique_fd out(ends[1]);
  const auto middle = ::fork();
  if (middle < 0) {
    role.failure_ = describe(last_system_error());
    return role;
  }
  if (middle > 0) {
    out.reset();
    reap(middle);
    const auto said = read_byte(in.get());
    if (said == not_forked)
      role.failure_ = "fork: resource temporarily unavailable";
    else
      role.exit_ = said ? static_cast<int>(*said) : static_cast<int>(exit_failure);
    return role;
  }
  in.reset();
  ::setsid();  // cannot fail: a fresh child leads no group
  const auto last = ::fork();
  if (last < 0) write_byte(out.get(), not_forked);
  if (last != 0) ::_exit(0);  // not exit(): buffers and handlers belong to the caller
  ::umask(0);
  silence(STDIN_FILENO);
  role.report_ = std::move(out);
  return role;
}

void background::serves() {
  if (!report_) return;
  silence(STDERR_FILENO);
  tell(0);
}

void background::ended(int code) {
  if (report_) tell(code);
}

void background::tell(int code) {
  write_byte(report_.get(), static_cast<unsigned char>(code));
  report_.reset();
}

}  // namespace relay::app
