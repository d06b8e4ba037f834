#include <relay/base/random.hpp>

#include <sys/random.h>

#include <random>

namespace relay {

std::uint64_t random_seed() {
  std::uint64_t made = 0;
  if (::getrandom(&made, sizeof made, 0) == sizeof made) return made;
  std::random_device source;  // where a sandbox forbids the call
  return static_cast<std::uint64_t>(source()) << 32 | source();
}

}  // namespace relay
