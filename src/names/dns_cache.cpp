#include <relay/names/dns_cache.hpp>

#include <algorithm>
#include <utility>

namespace relay::names {

using std::chrono::milliseconds;
using std::chrono::seconds;

dns_cache::entry* dns_cache::known(std::string_view name) {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &*found->second;
}

dns_cache::entry& dns_cache::place(std::string_view name) {
  if (auto* const old = known(name)) return *old;
  if (entries_.size() >= limits_.capacity) {
    entries_.erase(order_.back().name);
    order_.pop_back();
  }
  order_.push_front({std::string(name), make_error_code(errc::lookup_failed), {}, {}, {}});
  entries_.emplace(order_.front().name, order_.begin());
  return order_.front();
}

bool dns_cache::may_serve_stale(const entry& old, time_point now) const {
  return old.answer.has_value() && now < old.expires + limits_.stale_for;
}

dns_cache::verdict dns_cache::find(std::string_view name, time_point now) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  order_.splice(order_.begin(), order_, found->second);
  auto& old = *found->second;
  const bool expired = now >= old.expires;
  if (expired && !may_serve_stale(old, now)) return {};
  if (old.late || now < old.renew_at) return {expired ? state::stale : state::fresh, old.answer};
  return {expired && !old.episode ? state::expired : state::renewing, old.answer};
}

dns_cache::verdict dns_cache::find_anew(std::string_view name, time_point now) {
  auto* const old = known(name);
  if (old == nullptr || (now >= old->expires && !may_serve_stale(*old, now))) return {};
  if (old->late || now < old->asked + limits_.anew_after) {
    return {now >= old->expires ? state::stale : state::fresh, old->answer};
  }
  return {state::expired, old->answer};
}

result<addresses> dns_cache::take_addresses(std::vector<ip_address> found) const {
  std::vector<ip_address> kept;
  for (const auto& each : found) {
    if (kept.size() == limits_.max_addresses) break;
    if (std::ranges::find(kept, each) == kept.end()) kept.push_back(each);
  }
  return std::make_shared<const std::vector<ip_address>>(std::move(kept));
}

seconds dns_cache::lifetime(const dns_outcome& outcome) const {
  const auto ttl = outcome.ttl.value_or(seconds(0));
  if (outcome.found.empty()) return std::clamp(ttl, seconds(0), limits_.max_negative_ttl);
  return std::clamp(ttl, limits_.min_ttl, limits_.max_ttl);
}

milliseconds dns_cache::renew_after(const dns_outcome& outcome, seconds holds) const {
  if (outcome.partial) return std::min(holds, limits_.renew_partial);
  return holds < limits_.renew_from ? milliseconds(holds) : milliseconds(holds) * 9 / 10;
}

dns_cache::stored dns_cache::store(std::string_view name, dns_outcome outcome, time_point now) {
  const bool positive = !outcome.found.empty();
  // A name that is gone is gone: only a failure leaves the old answer in use.
  const bool answered = positive || outcome.ec == errc::no_such_name ||
                        outcome.ec == errc::no_address || outcome.ec == errc::null_address;
  auto* const old = known(name);
  if (!answered && old != nullptr && may_serve_stale(*old, now)) {
    old->late = false;
    old->asked = now;
    old->renew_at = now + limits_.retry_after;
    const bool begins = now >= old->expires && !std::exchange(old->episode, true);
    return {old->answer, begins};
  }
  auto holds = milliseconds(lifetime(outcome));
  auto renew = renew_after(outcome, lifetime(outcome));
  // Even what may not be cached is remembered for a moment when it is a failure: a storm of
  // connections must not become a storm of queries.
  if (!positive) renew = holds = std::max(holds, limits_.failure_for);
  stored made{positive ? take_addresses(std::move(outcome.found)) : result<addresses>(outcome.ec)};
  if (limits_.capacity == 0) return made;
  auto& kept = place(name);
  kept.answer = made.answer;
  kept.expires = now + holds;
  kept.renew_at = now + renew;
  kept.asked = now;
  kept.episode = kept.late = false;
  return made;
}

bool dns_cache::slow(std::string_view name, time_point now) {
  auto* const old = known(name);
  if (old == nullptr) return false;
  old->late = true;
  return now >= old->expires && !std::exchange(old->episode, true);
}

void dns_cache::abandon(std::string_view name) {
  if (auto* const old = known(name)) old->late = false;
}

}  // namespace relay::names
