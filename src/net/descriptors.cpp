#include <relay/net/descriptors.hpp>

#include <sys/resource.h>

#include <filesystem>
#include <system_error>

namespace relay::net {

descriptor_use descriptors() {
  descriptor_use made;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) made.limit = limit.rlim_cur;
  std::error_code ec;
  for (std::filesystem::directory_iterator it("/proc/self/fd", ec), end; !ec && it != end;
       it.increment(ec)) {
    ++made.open;
  }
  return made;
}

}  // namespace relay::net
