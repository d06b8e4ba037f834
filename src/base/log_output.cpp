#include "log_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace relay {
namespace {

constexpr int always = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

bool is_fifo(int fd) {
  struct stat what {};
  return ::fstat(fd, &what) == 0 && S_ISFIFO(what.st_mode);
}

struct opened {
  unique_fd file;
  bool lacks_reader = false;
};

/// Appends; created readable for all and writable for the owner whatever `-d` did to the umask.
///
/// A FIFO is opened for reading too, as other programs that log to one do: that waits for no
/// reader, and what a reader leaves when it goes is there for the next one. Not blocking, since
/// the open file is ours alone, so a thread that waits for room can be called back.
opened open_log(const std::string& path) {
  unique_fd file(::open(path.c_str(), always | O_WRONLY | O_CREAT | O_APPEND, 0644));
  const bool lacks_reader = !file && errno == ENXIO;  // a socket is no file either, but stays one
  if (!lacks_reader && !(file && is_fifo(file.get()))) return {std::move(file), false};
  unique_fd both(::open(path.c_str(), always | O_RDWR));
  if (!both && file) return {std::move(file), false};  // it may be written to only
  return {std::move(both), lacks_reader};
}

/// A file whose last line was cut off, by a full disk or a crash, maybe of another process.
bool ends_within_a_line(const std::string& path) {
  const unique_fd file(::open(path.c_str(), always | O_RDONLY));
  struct stat what {};
  if (!file || ::fstat(file.get(), &what) != 0 || !S_ISREG(what.st_mode)) return false;
  char last = '\n';
  return what.st_size > 0 && ::pread(file.get(), &last, 1, what.st_size - 1) == 1 && last != '\n';
}

}  // namespace

log_output::log_output(int borrowed) : fd_(borrowed), bell_(::eventfd(0, EFD_CLOEXEC)) {}

log_output::log_output(std::string path) : path_(std::move(path)), fd_(-1) {
  auto [file, lacks_reader] = open_log(path_);
  if (!file) throw std::system_error(errno, std::generic_category(), path_);
  file_ = std::move(file);
  fd_ = file_.get();
  lacks_reader_ = lacks_reader;
  bell_.reset(::eventfd(0, EFD_CLOEXEC));
  in_line_ = ends_within_a_line(path_);
}

bool log_output::is_same_as(int fd) const noexcept {
  struct stat ours {};
  struct stat other {};
  if (::fstat(fd_, &ours) != 0 || ::fstat(fd, &other) != 0) return false;
  return ours.st_dev == other.st_dev && ours.st_ino == other.st_ino;
}

error_code log_output::write(std::string_view line) {
  std::string ended;
  if (in_line_) {
    ended.reserve(line.size() + 1);
    ended += '\n';
    ended += line;
    line = ended;
  }
  for (std::size_t done = 0; done < line.size();) {
    const auto rc = ::write(fd_, line.data() + done, line.size() - done);
    if (rc > 0) {
      done += static_cast<std::size_t>(rc);
      in_line_ = line[done - 1] != '\n';
      continue;
    }
    const auto ec = rc < 0 ? last_system_error() : make_error_code(boost::system::errc::io_error);
    if (ec == boost::system::errc::interrupted) continue;
    if (ec != boost::system::errc::resource_unavailable_try_again) return ec;
    if (!await_room()) return make_error_code(boost::system::errc::operation_canceled);
  }
  return {};
}

/// False: the bell has rung. A stream that we borrow may be non-blocking as well, since whoever
/// shares it may have made it so.
bool log_output::await_room() {
  pollfd waits[2] = {{fd_, POLLOUT, 0}, {bell_.get(), POLLIN, 0}};
  while (::poll(waits, 2, -1) < 0 && errno == EINTR) {
  }
  if (waits[1].revents == 0) return true;
  std::uint64_t rung = 0;
  (void)!::read(bell_.get(), &rung, sizeof rung);
  return false;
}

void log_output::interrupt() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(bell_.get(), &one, sizeof one);  // cannot fail: the counter is far from its end
}

error_code log_output::reopen() {
  auto again = open_log(path_).file;
  if (!again) return last_system_error();
  file_ = std::move(again);
  fd_ = file_.get();
  in_line_ = ends_within_a_line(path_);
  return {};
}

}  // namespace relay
