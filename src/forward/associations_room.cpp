#include <relay/forward/associations.hpp>
#include <relay/forward/lane.hpp>
#include <relay/net/clock.hpp>
#include <relay/net/datagram_socket.hpp>

#include <algorithm>
#include <cerrno>

/// The part of `associations` that makes room: the cap, descriptors, ports.
namespace relay::forward {
namespace {

// Out of descriptors, ports or memory: an association less would help.
bool has_run_out(const error_code& ec) {
  switch (ec.value()) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRINUSE:
    case EAGAIN:
    case ENOSPC:  // epoll's limit of watches
      return true;
    default:
      return false;
  }
}

}  // namespace

bool associations::make_room() {
  if (is_full() && !evict_for_limit()) return false;
  auto& door = lane_.shared().door;
  constexpr auto why = "no descriptor is left";
  while (!door.enter_association()) {
    if (close_retired() || evict(why, false) || lane_.make_room_for(*this, shortage::descriptors)) {
      continue;
    };
    lane_.shared().log.no_association(rule_, why);
    return false;
  }
  return true;
}

// After a reload the limit holds for the clients of older rules, too.
bool associations::is_full() const noexcept {
  std::size_t all = 0;
  for (const auto* each = this; each != nullptr; each = each->older_) all += each->flows_.size();
  return all >= most_;
}

bool associations::evict_for_limit() {
  constexpr auto why = "max_associations is reached";
  return evict(why, true) || (older_ != nullptr && older_->evict_for_limit());
}

bool associations::evict(const char* why, bool retires, const association* but) {
  auto* const gone = static_cast<association*>(flows_.most_dispensable(but));
  if (gone == nullptr) return false;
  lane_.shared().log.association_evicted(static_cast<association*>(gone)->path(), why);
  remove(*gone, end_reason::evicted, retires);
  return true;
}

bool associations::give_one(shortage of) {
  if (of == shortage::ports) return retire_one(nullptr);
  return close_retired() || evict("another endpoint needs its descriptor", false);
}

// A flood of new clients must not put all there: a quarter may wait, of the assured one.
bool associations::retire_one(const association* but) {
  const auto* const next = flows_.most_dispensable(but);
  if (next == nullptr) return !retired_.is_empty();
  const auto most = next->is_assured ? 1 : std::max<std::size_t>(flows_.size() / 4, 1);
  return retired_.size() >= most || evict("no port is left", true, but);
}

void associations::close_all_retired() {
  while (net::coarse_now() >= ports_gone_until_ && close_retired()) {
  }
}

bool associations::close_retired() {
  if (!retired_.close_oldest()) return false;
  lane_.shared().door.leave_association();
  return true;
}

void associations::close_over() {
  for (auto closed = retired_.close_over(lane_.worker().now()); closed > 0; --closed) {
    lane_.shared().door.leave_association();
  }
}

// Where no port is free the kernel finds that out by looking at each of them, for milliseconds. So
// it is asked once a second, and meanwhile the ports go from hand to hand.
result<unique_fd> associations::make_socket(const association& by, int family, const char** step) {
  *step = "binding";
  const auto now = net::coarse_now();
  if (now < ports_gone_until_) return take_over(by, family);
  auto made = net::open_udp(family, rule_.dial, step);
  if (made || !has_run_out(made.error())) return made;
  if (made.error().value() == EADDRINUSE) {
    ports_gone_until_ = now + std::chrono::seconds(1);
    return take_over(by, family);
  }
  if (!close_retired() && !evict("no descriptor is left", false, &by)) return made;
  return net::open_udp(family, rule_.dial, step);
}

// A socket whose client has gone and whose quarantine is over. Until there is one, new clients are
// refused: a port that changes hands at once brings the answers for one client to another.
result<unique_fd> associations::take_over(const association& by, int family) {
  std::size_t closed = 0;
  auto taken = retired_.take(family, lane_.worker().now(), closed);
  if (taken) ++closed;  // it goes on in the place of its new owner
  for (; closed > 0; --closed) lane_.shared().door.leave_association();
  if (taken) return taken;
  if (!retire_one(&by)) (void)lane_.make_room_for(*this, shortage::ports);
  arm();
  return error_code(EADDRINUSE, boost::system::system_category());
}

}  // namespace relay::forward
