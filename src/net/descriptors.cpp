#include <relay/base/unique_fd.hpp>
#include <relay/net/descriptors.hpp>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <limits>
#include <system_error>

namespace relay::net {
namespace {

// Linux 6.2 and later say it at once; looking at each of many thousand takes long.
std::size_t open_descriptors() {
  struct stat folder {};
  if (::stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) {
    return static_cast<std::size_t>(folder.st_size);
  }
  std::size_t open = 0;
  std::error_code ec;
  for (std::filesystem::directory_iterator it("/proc/self/fd", ec), end; !ec && it != end;
       it.increment(ec)) {
    ++open;
  }
  return open;
}

}  // namespace

descriptor_use descriptors() {
  descriptor_use made;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) made.limit = limit.rlim_cur;
  made.open = open_descriptors();
  return made;
}

// The table reaches as far as its highest number ever.
void make_room_for_descriptors(std::size_t count) noexcept {
  const unique_fd any(::eventfd(0, EFD_CLOEXEC));
  const auto highest = static_cast<std::size_t>(any.get()) + count;
  if (!any || highest > std::numeric_limits<int>::max()) return;
  const unique_fd far(::fcntl(any.get(), F_DUPFD_CLOEXEC, static_cast<int>(highest)));
}

}  // namespace relay::net
