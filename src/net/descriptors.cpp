#include <relay/net/descriptors.hpp>

#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
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

}  // namespace relay::net
