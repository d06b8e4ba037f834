#include <relay/forward/lane.hpp>

#include <algorithm>
#include <exception>

/// What a lane does at a reload. Between two turns of its worker: nobody sees half of it.
namespace relay::forward {
namespace {

constexpr std::chrono::seconds sweep_period{1};

}  // namespace

// First what stays, so that no client meets a closed door; then what goes, since what comes may
// need its address.
void lane::apply(const lane_change& change, std::vector<new_listener> opened) {
  if (closing_) return;
  own_ = change.own;
  try {
    if (change.has_rates) workspace_.alarms();
  } catch (const std::exception& e) {  // each connection that has a rate will say so itself
    shared_.log.call_refused("timerfd_create", e.what());
  }
  for (const auto& each : change.kept) hand_over(each);
  for (const auto& each : change.closed) shut(each);
  for (auto& each : opened) {
    const auto ec = listen(*each.by, std::move(each.socket), each.at);
    if (ec) shared_.log.accept_failed(*each.by, each.at, ec);
  }
  for (const auto& each : change.warm) {
    keep_warm(*each, warm_part(each->warm, worker_.index(), all_.size()));
  }
  for (const auto& each : change.replaced) replace(each);
  if (change.has_other_limits) resume();
}

void lane::hand_over(const kept_listener& what) {
  if (what.datagrams) {
    const auto from = associations_.find(what.from.get());
    if (from == associations_.end()) return;
    from->second.hand_over(what.at, associations_of(*what.to), what.nth);
    return;
  }
  const auto [first, last] = inlets_.equal_range(what.at);
  for (auto each = first; each != last; ++each) {
    each->second.by = what.to;
    each->second.nth = what.nth;
    net::adopt_listener(each->second.listener.fd(), what.to->listen);
    each->second.listener.resume();  // its limit is another one
  }
}

void lane::shut(const closed_listener& what) {
  if (!what.datagrams) {
    const auto [first, last] = inlets_.equal_range(what.at);
    for (auto each = first; each != last; ++each) each->second.listener.finish();
    inlets_.erase(what.at);
    return;
  }
  const auto from = associations_.find(what.of.get());
  if (from != associations_.end()) from->second.shut(what.at);
}

void lane::replace(const replaced_rule& what) {
  const auto* const from = what.from.get();
  if (const auto warm = warm_.find(from); warm != warm_.end()) warm->second.close();
  // A client that is not kept gets another association with its next datagram; answers that are on
  // their way to it still arrive.
  const auto old = associations_.find(from);
  const auto next = associations_.find(what.to.get());
  if (what.sessions == config::fate::keep && old != associations_.end() &&
      next != associations_.end()) {
    next->second.follow(old->second);
  }
  if (what.sessions != config::fate::keep) {
    const bool now = what.sessions == config::fate::cut;
    auto& limit = farewells_.emplace_back(*this, what.from);
    worker_.wheel().arm(limit, now ? net::timer_wheel::tick : what.within);
  }
  replaced_.insert(from);
  if (!sweeper_.is_armed()) worker_.wheel().arm(sweeper_, sweep_period);
}

bool lane::end_sessions(const rule& of) {
  bool all = true;
  if (const auto old = associations_.find(&of); old != associations_.end()) old->second.end_all();
  for (auto next = connections_.begin(); next != connections_.end();) {
    auto& each = *next++;  // it removes itself
    if (&each.by() != &of) continue;
    if (each.can_abort()) {
      each.abort();
    } else {
      all = false;
    }
  }
  return all;
}

void lane::farewell::expired() {
  if (!of_.end_sessions(*to_)) of_.worker_.wheel().arm(*this, sweep_period);
}

// What is left of a rule here is taken away when nobody needs it any more. Coroutines may still be
// looking up a name for it, or dialling.
void lane::sweep() {
  std::erase_if(farewells_, [](const farewell& each) { return !each.is_armed(); });
  std::erase_if(replaced_, [this](const rule* each) {
    if (const auto warm = warm_.find(each); warm != warm_.end()) {
      if (!warm->second.is_over()) return false;
      warm_.erase(warm);
    }
    const auto old = associations_.find(each);
    if (old == associations_.end()) return true;
    if (!old->second.is_over()) return false;
    for (auto& [by, other] : associations_) other.forget(old->second);
    associations_.erase(old);
    return true;
  });
  if (!replaced_.empty() || !farewells_.empty()) worker_.wheel().arm(sweeper_, sweep_period);
}

}  // namespace relay::forward
