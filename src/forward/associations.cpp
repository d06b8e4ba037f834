#include <relay/base/random.hpp>
#include <relay/forward/associations.hpp>
#include <relay/forward/lane.hpp>
#include <relay/net/clock.hpp>
#include <relay/net/datagram_socket.hpp>
#include <relay/net/fault.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace relay::forward {
namespace {

using std::chrono::milliseconds;

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
    : lane_(home), keeps_alive_(&by), rule_(by), most_(most), flows_(random_seed()) {
  for (const auto& each : by.remotes) targets_.emplace_back(each.address);
  asking_.resize(targets_.size());
}

associations::~associations() { close(); }

error_code associations::listen(bound_socket listening, const ip_endpoint& at) {
  auto& made = inlets_.emplace_back(
      std::make_shared<datagram_inlet>(*this, listening.nth, at, listening.is_first));
  return made->start(std::move(listening.fd));
}

void associations::close() {
  refusing_ = true;  // what waits for a name may still be released
  end_all();
  while (close_retired()) {
  }
  for (auto& each : inlets_) each->close();  // others may hold it, for their answers
  inlets_.clear();
  left_.clear();
  disarm();
}

void associations::end_all() {
  while (auto* left = flows_.oldest()) {
    remove(static_cast<association&>(*left), end_reason::shutdown);
  }
}

live_traffic associations::traffic() const {
  live_traffic sum;
  flows_.for_each([&sum](const flow& each) {
    const auto& one = static_cast<const association&>(each);
    sum += {0, 1, one.up().bytes, one.down().bytes, one.up().datagrams, one.down().datagrams};
  });
  return sum;
}

// Of limits of our own: it stands still while the worker cannot run.
flow_table::clock::time_point associations::now() const { return lane_.worker().note(); }

pump::datagrams& associations::buffers() noexcept { return lane_.datagrams(); }

void associations::answered(association& by) {
  const auto moment = now();
  flows_.touch(by, moment);
  targets_[by.remote()].heard(moment);
}

// Its client speaks: after an answer it is where it says it is.
void associations::heard(association& by, flow_table::clock::time_point moment) {
  flows_.touch(by, moment);
  if (by.down().datagrams > 0) flows_.assure(by);
}

// The datagrams of one client keep their order and leave together; those of different clients are
// sorted apart first, since a batch from a busy listener holds them mixed. They came together, so
// the clock is asked once, and again where new clients took their time.
void associations::arrived(datagram_inlet& at, std::span<const pump::arrival> all) {
  touched_count_ = 0;
  try {
    sort_out(at, all);
  } catch (...) {
    forget_batch();
    throw;
  }
}

// What an exception has left of it is lost, but its clients must not be taken for touched.
void associations::forget_batch() noexcept {
  for (std::size_t i = 0; i < touched_count_; ++i) {
    if (touched_[i] != nullptr) touched_[i]->in_batch = false;
  }
  touched_count_ = 0;
}

void associations::sort_out(datagram_inlet& at, std::span<const pump::arrival> all) {
  auto moment = now();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].is_to_many && !at.is_first()) continue;  // another worker has it too
    const flow_key key(*all[i].from, all[i].to, at.nth());
    auto* found = static_cast<association*>(flows_.find(key));
    if (found == nullptr && older_ != nullptr && older_->served_by_older(key, all[i])) continue;
    if (found == nullptr) {
      flush(all);  // what is new may have to take the place of one of those
      found = create(at, key, all[i]);
      moment = now();
    }
    if (found == nullptr) {
      rule_.count.lost_datagrams += all[i].data.count();
      continue;
    }
    heard(*found, moment);  // before others are made room for
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
  if (goes_round(by, runs.front())) return drop(runs);
  const auto remote = by.remote();
  look(remote);
  if (is_ready(by)) {
    const auto how = by.send(runs);
    if (how.lost > 0) lost(by, how);
    return;
  }
  if (!targets_[remote].address() && asking_[remote]) return hold(by, runs);
  drop(runs);
  if (by.was_never_open()) discard(by);
}

void associations::drop(std::span<const pump::datagram_run> runs) {
  for (const auto& each : runs) rule_.count.lost_datagrams += each.count();
}

association* associations::create(datagram_inlet& at, const flow_key& key,
                                  const pump::arrival& first) {
  if (refusing_) return nullptr;
  const auto client = first.from->endpoint();
  const auto remote = rule_.way.pick_for_datagrams(client.address, net::coarse_now());
  if (goes_round(client, remote, at.nth(), first.data) || !make_room()) return nullptr;
  std::unique_ptr<association> fresh;
  const bool is_known = net::attempted([&] {
    const auto id = ++lane_.shared().next_id;
    fresh = std::make_unique<association>(*this, at, key, *first.from, remote, id);
    flows_.insert(*fresh, now());
  });
  if (!is_known) {
    lane_.shared().door.leave_association();
    lane_.shared().log.no_association(rule_, "no memory is left");
    return nullptr;
  }
  auto* const made = fresh.release();  // the table's
  ++rule_.count.associations;
  ++made_;
  arm();
  return made;
}

// Its place is given back whatever fails.
void associations::remove(association& gone, end_reason why, bool retires) noexcept {
  net::contain({}, [this] { lane_.replies().flush(); });  // one of them may be its own
  if (gone.in_batch) {
    std::ranges::replace(touched_, &gone, static_cast<association*>(nullptr));
  }
  rule_.count.up_bytes += gone.up().bytes;
  rule_.count.down_bytes += gone.down().bytes;
  rule_.count.up_datagrams += gone.up().datagrams;
  rule_.count.down_datagrams += gone.down().datagrams;
  ++rule_.count.ended[static_cast<std::size_t>(why)];
  net::contain({}, [&] { tell_of_end(gone, why); });
  flows_.erase(gone);
  // The descriptor stays booked with it.
  const int family = gone.family();
  auto fd = gone.release();
  const auto retire = [&] { retired_.add(std::move(fd), family, now()); };
  if (fd && retires && net::attempted(retire)) {
    close_over();
  } else {
    lane_.shared().door.leave_association();
  }
  delete &gone;
}

void associations::tell_of_end(const association& gone, end_reason why) {
  const auto lasted = std::chrono::duration_cast<milliseconds>(net::coarse_now() - gone.since());
  lane_.shared().log.association_done(gone.path(),
                                      {gone.id(),
                                       {gone.client().endpoint(), {}},
                                       gone.up().bytes,
                                       gone.down().bytes,
                                       lasted,
                                       why,
                                       {}},
                                      gone.up().datagrams, gone.down().datagrams);
}

// Nothing has become of it, so there is nothing to tell: as if it had never been.
void associations::discard(association& gone) {
  --rule_.count.associations;
  flows_.erase(gone);
  lane_.shared().door.leave_association();
  delete &gone;
}

bool associations::is_ready(association& by) {
  auto& to = targets_[by.remote()];
  for (;;) {
    if (by.is_open(to.version())) return true;
    if (!to.address()) return false;
    const ip_endpoint at{*to.address(), rule_.remotes[by.remote()].port(by.inlet().nth())};
    const char* step = "connecting";
    error_code ec;
    if (leads_back(at)) {
      ec = errc::own_listener;
    } else if (by.family() == at.address.family()) {
      by.redirect(at, to.version());
    } else {
      ec = open(by, at, to.version(), &step);
      if (net::has_no_way(ec) && address_failed(by)) continue;
    }
    if (ec) lane_.shared().log.datagrams_lost(main_path(by), by.client().endpoint(), step, ec);
    return !ec;
  }
}

error_code associations::open(association& by, const ip_endpoint& to, std::uint32_t version,
                              const char** step) {
  auto made = make_socket(by, to.address.family(), step);
  if (!made) return made.error();
  *step = "registering";
  if (const auto ec = by.open(std::move(*made), to, version)) return ec;
  lane_.shared().log.association_opened(by.path(), by.client().endpoint(), to);
  return {};
}

path_name associations::main_path(const association& by) const noexcept {
  return {rule_, 0, by.inlet().nth()};
}

void associations::uncut(const association& by) {
  if (rule_.uncut_told.test_and_set()) return;
  lane_.shared().log.uncut(rule_.remotes[by.remote()].name);
}

void associations::lost(association& by, const pump::send_outcome& how) {
  rule_.count.lost_datagrams += how.lost;
  lane_.shared().log.datagrams_lost(main_path(by), by.client().endpoint(), "sending", how.error);
  if (is_stale(how.error, rule_.dial)) by.close();
  if (how.datagrams == 0 && net::has_no_way(how.error)) give_up(by, how.error);
}

void associations::unanswered(const association& by, const pump::send_outcome& how) {
  rule_.count.lost_datagrams += how.lost;
  lane_.shared().log.datagrams_lost(main_path(by), by.client().endpoint(), "answering", how.error);
}

// It comes back whatever fails.
void associations::expired() {
  net::contain({}, [this] { end_idle(); });
  arm();
}

void associations::end_idle() {
  const auto now = lane_.worker().now();
  close_over();
  const auto limit = rule_.udp_timeout;
  for (auto* next = flows_.oldest(); next != nullptr && limit.count() > 0; next = flows_.oldest()) {
    if (now - next->used < limit) break;
    remove(static_cast<association&>(*next), end_reason::idle);
  }
}

void associations::arm() {
  const auto now = lane_.worker().now();
  auto due = flow_table::clock::time_point::max();
  if (!retired_.is_empty()) due = retired_.next();
  const auto* const oldest = flows_.oldest();
  if (oldest != nullptr && rule_.udp_timeout.count() > 0) {
    due = std::min(due, oldest->used + rule_.udp_timeout);
  }
  if (due == flow_table::clock::time_point::max()) return;
  const auto left = std::chrono::ceil<milliseconds>(due - now);
  lane_.worker().wheel().arm(*this, std::max(left, net::timer_wheel::tick));
}

}  // namespace relay::forward
