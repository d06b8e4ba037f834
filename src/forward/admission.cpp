#include <relay/forward/admission.hpp>

namespace relay::forward {
namespace {

constexpr std::size_t per_connection = 2;  // client and remote
constexpr std::size_t per_pipe = 2;

}  // namespace

bool admission::take() {
  if (used_.fetch_add(per_connection) + per_connection <= limit_) return true;
  used_.fetch_sub(per_connection);
  return false;
}

bool admission::enter() {
  if (!take()) {
    // Said before the second look: who leaves in between then either sees it or has made the room.
    refused_ = true;
    if (!take()) return false;
  }
  ++connections_;
  return true;
}

void admission::give() {
  if (refused_.exchange(false) && room_) room_();
}

void admission::leave() {
  used_.fetch_sub(per_connection);
  give();
  if (connections_.fetch_sub(1) == 1 && idle_) idle_();
}

bool admission::spare_pipe() {
  if (used_.fetch_add(per_pipe) + per_pipe <= limit_ - limit_ / 4) return true;
  used_.fetch_sub(per_pipe);
  return false;
}

void admission::return_pipe() {
  used_.fetch_sub(per_pipe);
  give();
}

}  // namespace relay::forward
