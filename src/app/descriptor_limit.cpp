#include "descriptor_limit.hpp"

#include <sys/resource.h>

namespace relay::app {

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // the soft limit stays: the line shows it
}

void set_descriptor_limit(std::uint64_t both) {
  const rlimit limit{both, both};
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // as the reference: no complaint
}

std::string descriptor_line() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  return "fd: soft=" + std::to_string(limit.rlim_cur) + ", hard=" + std::to_string(limit.rlim_max) +
         '\n';
}

}  // namespace relay::app
