#include <relay/forward/admission.hpp>

namespace relay::forward {
namespace {

constexpr std::size_t per_connection = 2;  // client and remote
constexpr std::size_t per_pipe = 2;

}  // namespace

// Never above the limit, not even for a moment: somebody else would be refused, and nobody would
// wake them.
bool admission::take(std::size_t descriptors, std::size_t limit) {
  auto used = used_.load();
  while (used + descriptors <= limit) {
    if (used_.compare_exchange_weak(used, used + descriptors)) return true;
  }
  return false;
}

void admission::give(std::size_t descriptors) {
  used_.fetch_sub(descriptors);
  if (refused_.exchange(false) && room_) room_();
}

bool admission::enter() {
  if (!take(per_connection, limit_)) {
    // Said before the second look: who leaves in between then either sees it or has made the room.
    const bool known = refused_.exchange(true);
    if (!take(per_connection, limit_)) {
      if (!known && full_) full_();
      return false;
    }
  }
  ++connections_;
  return true;
}

void admission::leave() {
  give(per_connection);
  if (connections_.fetch_sub(1) == 1 && idle_) idle_();
}

bool admission::spare_pipe() { return take(per_pipe, limit_ - limit_ / 4); }

void admission::return_pipe() { give(per_pipe); }

}  // namespace relay::forward
