#include <relay/base/random.hpp>
#include <relay/forward/associations.hpp>
#include <relay/forward/lane.hpp>
#include <relay/forward/own_listener.hpp>
#include <relay/net/clock.hpp>
#include <relay/net/datagram_socket.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace relay::forward {
namespace {

using std::chrono::milliseconds;

// How long late answers may be on their way, and how many sockets are kept for it.
constexpr std::chrono::seconds retirement{2};
constexpr std::size_t most_retired = 1024;

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

// A device or address it is bound to has gone. Both may come back, but not for this socket.
bool is_stale(const error_code& ec, const net::dial_options& bound) {
  switch (ec.value()) {
    case ENODEV:
    case ENXIO:
    case EADDRNOTAVAIL:
      return true;
    case EINVAL:
      return bound.through.has_value();
    default:
      return false;
  }
}

}  // namespace

associations::associations(lane& home, rule& by, std::size_t most)
    : lane_(home), rule_(by), most_(most), flows_(random_seed()) {
  for (const auto& each : by.remotes) targets_.emplace_back(each.address);
  asking_.resize(targets_.size());
}

associations::~associations() { close(); }

error_code associations::listen(std::uint16_t nth, const ip_endpoint& at, unique_fd listening) {
  return inlets_.emplace_back(*this, nth, at).start(std::move(listening));
}

void associations::close() {
  while (auto* left = flows_.oldest()) {
    remove(static_cast<association&>(*left), pump::end_reason::shutdown);
  }
  close_all_retired();
  inlets_.clear();
  disarm();
}

pump::datagrams& associations::buffers() noexcept { return lane_.datagrams(); }

void associations::used(association& by) { flows_.touch(by, lane_.worker().note()); }

// The datagrams of one client keep their order and leave together; those of different clients are
// sorted apart first, since a batch from a busy listener holds them mixed.
void associations::arrived(datagram_inlet& at, std::span<const pump::arrival> all) {
  touched_count_ = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const flow_key key(*all[i].from, all[i].to, at.nth());
    auto* found = static_cast<association*>(flows_.find(key));
    if (found == nullptr) {
      flush(all);  // what is new may have to take the place of one of those
      found = create(at, key, *all[i].from);
    }
    if (found == nullptr) {
      rule_.count.lost_datagrams += all[i].data.count();
      continue;
    }
    used(*found);  // before others are made room for
    const auto index = static_cast<std::uint8_t>(i);
    if (!std::exchange(found->in_batch, true)) {
      touched_[touched_count_++] = found;
      found->first = index;
    } else {
      next_[found->last] = index;
    }
    found->last = index;
  }
  flush(all);
}

void associations::flush(std::span<const pump::arrival> all) {
  const auto runs = buffers().runs();
  for (std::size_t i = 0; i < touched_count_; ++i) {
    if (touched_[i] == nullptr) continue;  // it has been evicted meanwhile
    auto& each = *touched_[i];
    each.in_batch = false;
    std::size_t count = 0;
    for (std::size_t at = each.first;; at = next_[at]) {
      runs[count++] = all[at].data;
      if (at == each.last) break;
    }
    forward(each, runs.first(count));
  }
  touched_count_ = 0;
}

void associations::forward(association& by, std::span<pump::datagram_run> runs) {
  used(by);
  const auto remote = by.remote();
  look(remote);
  if (is_ready(by)) return by.send(runs);
  if (!targets_[remote].address() && asking_[remote]) return hold(by, runs);
  for (const auto& each : runs) rule_.count.lost_datagrams += each.count();
}

association* associations::create(datagram_inlet& at, const flow_key& key,
                                  const socket_address& client) {
  if (refusing_ || !make_room()) return nullptr;
  const auto remote = rule_.way.pick_for_datagrams(client.endpoint().address, net::coarse_now());
  auto* made = new association(*this, at, key, client, remote, ++lane_.shared().next_id);
  flows_.insert(*made, lane_.worker().note());
  ++rule_.count.associations;
  arm();
  return made;
}

bool associations::make_room() {
  if (flows_.size() >= most_ && !evict("max_associations is reached", true)) return false;
  auto& door = lane_.shared().door;
  constexpr auto why = "no descriptor is left";
  while (!door.enter_association()) {
    if (close_retired() || evict(why, false) || lane_.make_room_for(*this)) continue;
    lane_.shared().log.no_association(rule_, why);
    return false;
  }
  return true;
}

bool associations::evict(const char* why, bool retires, const association* but) {
  auto* const oldest = static_cast<association*>(flows_.oldest(but));
  if (oldest == nullptr) return false;
  lane_.shared().log.association_evicted(rule_, why);
  remove(*oldest, pump::end_reason::evicted, retires);
  return true;
}

bool associations::give_one() {
  return close_retired() || evict("another endpoint needs its descriptor or port", false);
}

void associations::close_all_retired() {
  while (close_retired()) {
  }
}

bool associations::close_retired() {
  if (retired_.empty()) return false;
  retired_.pop_front();
  lane_.shared().door.leave_association();
  return true;
}

void associations::remove(association& gone, pump::end_reason why, bool retires) {
  lane_.replies().flush();  // one of them may be its own
  if (gone.in_batch) {
    std::ranges::replace(touched_, &gone, static_cast<association*>(nullptr));
  }
  rule_.count.up_bytes += gone.up().bytes;
  rule_.count.down_bytes += gone.down().bytes;
  rule_.count.up_datagrams += gone.up().datagrams;
  rule_.count.down_datagrams += gone.down().datagrams;
  ++rule_.count.ended[static_cast<std::size_t>(why)];
  const auto lasted = std::chrono::duration_cast<milliseconds>(net::coarse_now() - gone.since());
  lane_.shared().log.association_done(rule_.remotes[gone.remote()].name,
                                      {gone.id(),
                                       {gone.client().endpoint(), {}},
                                       gone.up().bytes,
                                       gone.down().bytes,
                                       lasted,
                                       why,
                                       {}},
                                      gone.up().datagrams, gone.down().datagrams);
  flows_.erase(gone);
  // The descriptor stays booked with it.
  const int family = gone.family();
  if (auto fd = gone.release(); fd && retires) {
    retired_.push_back({std::move(fd), family, lane_.worker().note()});
  } else {
    lane_.shared().door.leave_association();
  }
  delete &gone;
  if (retired_.size() > most_retired) close_retired();
}

bool associations::is_ready(association& by) {
  const auto& to = targets_[by.remote()];
  if (by.is_open(to.version())) return true;
  if (!to.address()) return false;
  const ip_endpoint at{*to.address(), rule_.remotes[by.remote()].port(by.inlet().nth())};
  if (leads_back(rule_, at)) {
    lane_.shared().log.datagrams_lost(rule_, by.client().endpoint(), "connecting",
                                      errc::own_listener);
    return false;
  }
  if (by.family() != at.address.family()) return open(by, at, to.version());
  by.redirect(at, to.version());
  return true;
}

bool associations::open(association& by, const ip_endpoint& to, std::uint32_t version) {
  const char* step = nullptr;
  auto made = make_socket(by, to.address.family(), &step);
  auto ec = made ? error_code() : made.error();
  if (made) {
    step = "registering";
    ec = by.open(std::move(*made), to, version);
  }
  if (ec) {
    lane_.shared().log.datagrams_lost(rule_, by.client().endpoint(), step, ec);
    return false;
  }
  lane_.shared().log.association_opened(rule_.remotes[by.remote()].name, by.client().endpoint(),
                                        to);
  return true;
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

// The socket of the association that has been idle for longest, or was ended for another.
result<unique_fd> associations::take_over(const association& by, int family) {
  for (;;) {
    if (retired_.empty() && !evict("no port is left", true, &by)) {
      (void)lane_.make_room_for(*this);  // for the next datagram
      return error_code(EADDRINUSE, boost::system::system_category());
    }
    if (retired_.empty()) continue;  // that one had no socket
    auto taken = std::move(retired_.front());
    retired_.pop_front();
    lane_.shared().door.leave_association();
    if (taken.family != family) continue;
    pump::make_fresh(taken.fd.get());
    return std::move(taken.fd);
  }
}

void associations::uncut(const association& by) {
  if (rule_.uncut_told.test_and_set()) return;
  lane_.shared().log.uncut(rule_.remotes[by.remote()].name);
}

void associations::lost(association& by, const pump::send_outcome& how) {
  rule_.count.lost_datagrams += how.lost;
  lane_.shared().log.datagrams_lost(rule_, by.client().endpoint(), "sending", how.error);
  if (is_stale(how.error, rule_.dial)) by.close();
}

void associations::unanswered(const association& by, const pump::send_outcome& how) {
  rule_.count.lost_datagrams += how.lost;
  lane_.shared().log.datagrams_lost(rule_, by.client().endpoint(), "answering", how.error);
}

void associations::expired() {
  const auto now = lane_.worker().now();
  while (!retired_.empty() && now - retired_.front().since >= retirement) close_retired();
  const auto limit = rule_.udp_timeout;
  for (auto* next = flows_.oldest(); next != nullptr && limit.count() > 0; next = flows_.oldest()) {
    if (now - next->used < limit) break;
    remove(static_cast<association&>(*next), pump::end_reason::idle);
  }
  arm();
}

void associations::arm() {
  const auto now = lane_.worker().now();
  auto due = flow_table::clock::time_point::max();
  if (!retired_.empty()) due = retired_.front().since + retirement;
  const auto* const oldest = flows_.oldest();
  if (oldest != nullptr && rule_.udp_timeout.count() > 0) {
    due = std::min(due, oldest->used + rule_.udp_timeout);
  }
  if (due == flow_table::clock::time_point::max()) return;
  const auto left = std::chrono::ceil<milliseconds>(due - now);
  lane_.worker().wheel().arm(*this, std::max(left, net::timer_wheel::tick));
}

}  // namespace relay::forward
