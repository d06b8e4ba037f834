#include "memory.hpp"

#include <malloc.h>

namespace relay::app {
namespace {

// Less is taken again soon, page by page.
constexpr std::size_t worth_giving = std::size_t{4} << 20;

}  // namespace

void bound_arenas(std::size_t workers) noexcept {
  ::mallopt(M_ARENA_MAX, static_cast<int>(workers + 1));
}

void give_memory_back() noexcept {
  if (::mallinfo2().fordblks >= worth_giving) ::malloc_trim(0);
}

}  // namespace relay::app
