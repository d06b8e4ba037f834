#include <relay/forward/admission.hpp>
#include <relay/net/fault.hpp>

#include <algorithm>

namespace relay::forward {

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
  if (refused_.exchange(false)) tell_of_room();
}

// Those who wait hear of nothing else: if they cannot be told now, the next who leaves tells them.
void admission::tell_of_room() noexcept {
  if (room_ && !net::attempted([this] { room_(); })) refused_ = true;
}

bool admission::enter() {
  if (!take(per_connection, limit_)) {
    // Said before the second look: who leaves in between then either sees it or has made the room.
    const bool known = refused_.exchange(true);
    if (!take(per_connection, limit_)) {
      if (!known && full_) net::contain({}, [this] { full_(); });
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

// One lock over all that must be had together, the descriptors last: nobody ever holds a part of it
// for a moment and lets another be refused, whom then nobody would wake.
bool admission::enter(gate& own) {
  if (!is_limited(own)) {
    if (!enter()) return false;
    own.enter();
    all_.enter();
    return true;
  }
  const auto now = gate::clock::now();
  std::unique_lock lock(mutex_);
  gate* const closed = !own.has_room() ? &own : !all_.has_room() ? &all_ : nullptr;
  if (closed != nullptr) {
    const bool begins = closed->refuse(now);
    lock.unlock();
    if (begins && bites_) net::contain({}, [&] { bites_(*closed, true); });
    return false;
  }
  if (!enter()) return false;
  own.enter();
  all_.enter();
  return true;
}

void admission::leave(gate& own) {
  if (!is_limited(own)) {
    own.leave_quietly();
    all_.leave_quietly();
    return leave();
  }
  const auto now = gate::clock::now();
  // Before anybody may take the place: the count never shows more than the limit.
  const bool last = connections_.fetch_sub(1) == 1;
  std::unique_lock lock(mutex_);
  const bool waits_here = own.leave();
  const bool waits_for_all = all_.leave();
  const bool calm = own.has_calmed_down(now);
  const bool all_calm = all_.has_calmed_down(now);
  lock.unlock();
  net::contain({}, [&] {  // what it says is logged
    if (calm && bites_) bites_(own, false);
    if (all_calm && bites_) bites_(all_, false);
  });
  if (waits_here || waits_for_all) tell_of_room();
  give(per_connection);
  if (last && idle_) idle_();
}

void admission::change_limit(gate& own, std::uint64_t limit) {
  const std::lock_guard lock(mutex_);
  own.change_limit(limit);
}

bool admission::keeps_waiting(const gate& own) {
  if (!is_limited(own)) return false;
  const std::lock_guard lock(mutex_);
  return own.is_biting() || all_.is_biting();
}

std::size_t admission::most_associations() const noexcept {
  const auto kept = std::max(limit_ / 4, per_connection);
  return limit_ > kept ? limit_ - kept : 0;
}

bool admission::enter_association() {
  if (associations_.fetch_add(1) < most_associations() && take(1, limit_)) return true;
  --associations_;
  return false;
}

void admission::leave_association() {
  --associations_;
  give(1);
}

bool admission::spare_warm() { return take(1, limit_ - limit_ / 4); }

void admission::return_warm() { give(1); }

bool admission::spare_pipe() { return take(per_pipe, limit_ - limit_ / 4); }

void admission::return_pipe() { give(per_pipe); }

}  // namespace relay::forward
