#include "tls_files.hpp"

#include <relay/base/error.hpp>
#include <relay/base/unique_fd.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace relay::transport {
namespace {

// Bundles of authorities are a few hundred KiB.
constexpr std::size_t most_bytes = std::size_t{16} << 20;

std::int64_t nanoseconds(const timespec& at) { return at.tv_sec * 1'000'000'000LL + at.tv_nsec; }

parsed<std::string> refused(const std::string& path, const char* what, const std::string& why) {
  return parsed<std::string>::bad("cannot read " + std::string(what) + " `" + path + "`: " + why);
}

}  // namespace

parsed<std::string> read_small_file(const std::string& path, const char* what) {
  // Not blocking, so that a pipe that nobody writes to does not hold up a worker.
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return refused(path, what, describe(last_system_error()));
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return refused(path, what, describe(last_system_error()));
  if (!S_ISREG(about.st_mode)) return refused(path, what, "not a regular file");
  std::string text;
  char part[16384];
  for (;;) {
    const auto count = ::read(fd.get(), part, sizeof part);
    if (count == 0) return parsed<std::string>::good(std::move(text));
    if (count < 0) {
      if (errno == EINTR) continue;
      return refused(path, what, describe(last_system_error()));
    }
    text.append(part, static_cast<std::size_t>(count));
    if (text.size() > most_bytes) return refused(path, what, "larger than 16 MiB");
  }
}

std::vector<file_stamp> stamps_of(const std::vector<std::string>& paths) {
  std::vector<file_stamp> made;
  made.reserve(paths.size());
  for (const auto& path : paths) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
      made.emplace_back();
      continue;
    }
    made.push_back({static_cast<std::uint64_t>(about.st_ino), about.st_size,
                    nanoseconds(about.st_mtim), nanoseconds(about.st_ctim)});
  }
  return made;
}

}  // namespace relay::transport
