#include "tls_files.hpp"

#include <relay/base/error.hpp>
#include <relay/base/unique_fd.hpp>

#include <openssl/crypto.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace relay::transport {
namespace {

// Bundles of authorities are a few hundred KiB.
constexpr std::int64_t most_bytes = 16 << 20;

std::int64_t nanoseconds(const timespec& at) { return at.tv_sec * 1'000'000'000LL + at.tv_nsec; }

parsed<file_text> refused(const std::string& path, const char* what, const std::string& why) {
  return parsed<file_text>::bad("cannot read " + std::string(what) + " `" + path + "`: " + why);
}

}  // namespace

file_text::file_text(std::size_t capacity) : bytes_(new char[capacity]), capacity_(capacity) {}

file_text::file_text(file_text&& other) noexcept
    : bytes_(std::move(other.bytes_)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

file_text::~file_text() {
  if (bytes_) OPENSSL_cleanse(bytes_.get(), size_);
}

char* file_text::room() {
  if (size_ == capacity_) {
    file_text larger(2 * capacity_);
    std::memcpy(larger.bytes_.get(), bytes_.get(), size_);
    std::swap(larger.bytes_, bytes_);
    capacity_ *= 2;
    larger.size_ = size_;  // wiped with it
  }
  return bytes_.get() + size_;
}

parsed<file_text> read_small_file(const std::string& path, const char* what) {
  // Not blocking, so that a pipe that nobody writes to does not hold up a worker.
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return refused(path, what, describe(last_system_error()));
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return refused(path, what, describe(last_system_error()));
  if (!S_ISREG(about.st_mode)) return refused(path, what, "not a regular file");
  if (about.st_size > most_bytes) return refused(path, what, "larger than 16 MiB");
  file_text text(static_cast<std::size_t>(about.st_size) + 1);
  for (;;) {
    auto* const into = text.room();
    const auto count = ::read(fd.get(), into, text.room_bytes());
    if (count == 0) return parsed<file_text>::good(std::move(text));
    if (count < 0) {
      if (errno == EINTR) continue;
      return refused(path, what, describe(last_system_error()));
    }
    text.append(static_cast<std::size_t>(count));
    if (static_cast<std::int64_t>(text.view().size()) > most_bytes)
      return refused(path, what, "larger than 16 MiB");
  }
}

bool is_readable_by_all(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && (about.st_mode & S_IROTH) != 0;
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
