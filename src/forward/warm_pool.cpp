#include "warm_dial.hpp"

#include <relay/base/random.hpp>
#include <relay/forward/lane.hpp>
#include <relay/forward/warm_pool.hpp>
#include <relay/net/fault.hpp>

#include <algorithm>
#include <utility>

namespace relay::forward {

using std::chrono::steady_clock;

warm_pool::warm_pool(lane& home, rule& by, std::size_t part)
    : lane_(home),
      keeps_alive_(&by),
      rule_(by),
      part_(part),
      noise_(static_cast<std::uint32_t>(random_seed())) {
  shelves_.reserve(by.remotes.size());
  for (std::size_t i = 0; i < by.remotes.size(); ++i) shelves_.emplace_back(by.warm_max_age);
}

warm_pool::~warm_pool() = default;

void warm_pool::start() {
  closed_ = false;
  route_seen_ = rule_.way.changes() - 1;
  expired();
}

std::unique_ptr<warm_connection> warm_pool::take(std::size_t remote) {
  if (closed_) return nullptr;
  follow_route();
  auto& from = shelves_[remote];
  const auto now = steady_clock::now();
  std::unique_ptr<warm_connection> found;
  while (!found && !from.ready.empty()) {
    auto& oldest = *from.ready.front();
    if (oldest.life().end <= now || !is_current(remote, oldest.to().address)) {
      drop(from, 1);
    } else if (!oldest.is_fit()) {
      lost(oldest);
    } else {
      found = std::move(from.ready.front());
      from.ready.pop_front();
      --rule_.count.warm_ready;
    }
  }
  if (found) {
    found->hand_over();
    ++rule_.count.warm;
    if (from.policy.used()) lane_.shared().log.warm_again(rule_, remote);
  }
  refill(remote);
  return found;
}

void warm_pool::yield() {
  for (auto& each : shelves_) drop(each, each.ready.size());
}

void warm_pool::close() {
  closed_ = true;
  disarm();
  yield();
}

bool warm_pool::is_over() const noexcept {
  return closed_ && std::ranges::all_of(shelves_, [](const shelf& each) {
           return each.ready.empty() && each.under_way == 0;
         });
}

// It comes back whatever fails.
void warm_pool::expired() {
  net::contain({}, [this] { follow_route(); });
  auto pause = std::chrono::milliseconds::max();
  for (std::size_t i = 0; i < shelves_.size(); ++i) {
    net::contain({}, [this, i] { look_after(i); });
    pause = std::min(pause, shelves_[i].policy.patience());
  }
  lane_.worker().wheel().arm(*this, pause);
}

// The remote's side of it has ended: it is of no use to anybody.
void warm_pool::lost(warm_connection& which) {
  const auto is_it = [&](const auto& each) { return each.get() == &which; };
  for (std::size_t i = 0; i < shelves_.size(); ++i) {
    auto& from = shelves_[i];
    const auto found = std::ranges::find_if(from.ready, is_it);
    if (found == from.ready.end()) continue;
    const auto trouble = from.policy.lost(which.life(), steady_clock::now(), next_noise());
    from.ready.erase(found);
    --rule_.count.warm_ready;
    if (trouble) lane_.shared().log.warm_trouble(rule_, i, "waiting", describe(errc::truncated));
    return refill(i);
  }
}

// Those whose remote was put aside go at once, and come back with it.
void warm_pool::follow_route() {
  if (closed_) return;
  const auto changes = rule_.way.changes();
  if (std::exchange(route_seen_, changes) == changes) return;
  const auto counts = spread_warm(part_, rule_.way.in_use(), lane_.worker().index());
  for (std::size_t i = 0; i < shelves_.size(); ++i) {
    auto& each = shelves_[i];
    each.policy.want(i < counts.size() ? counts[i] : 0);
    if (each.ready.size() > each.policy.wanted()) {
      drop(each, each.ready.size() - each.policy.wanted());
    }
    refill(i);
  }
}

void warm_pool::look_after(std::size_t index) {
  auto& of = shelves_[index];
  const auto now = steady_clock::now();
  while (!of.ready.empty() && of.ready.front()->life().end <= now) drop(of, 1);
  if (!of.ready.empty() && of.policy.has_lasted(of.ready.front()->life(), now) &&
      of.policy.proved()) {
    lane_.shared().log.warm_again(rule_, index);
  }
  refill(index);
}

void warm_pool::refill(std::size_t index) {
  if (closed_ || lane_.is_closing()) return;
  auto& of = shelves_[index];
  const auto now = steady_clock::now();
  const auto fresh =
      std::ranges::count_if(of.ready, [&](const auto& each) { return each->life().renewal > now; });
  auto lacking = of.policy.dial(now, static_cast<std::size_t>(fresh), of.under_way);
  for (; lacking > 0; --lacking) {
    auto told = rule_.way.ahead(index);
    auto paid = warm_booking::make(lane_.shared().door);
    if (!told || !paid) return;
    auto made = std::make_unique<warm_connection>(lane_.workspace(), std::move(*paid));
    lane_.tasks().spawn(make(index, std::move(told), making(of), std::move(made)));
  }
}

task<> warm_pool::make(std::size_t index, route::claim told, making now,
                       std::unique_ptr<warm_connection> made) {
  const auto outcome = co_await dial_warm(lane_, rule_, rule_.remotes[index], *made);
  now.end();
  if (outcome.is_cancelled()) co_return;
  if (outcome.ec) {
    told.failed(steady_clock::now(), outcome.ec);
    made.reset();
    fail(index, outcome);
    co_return follow_route();
  }
  told.succeeded();
  shelve(index, std::move(made), outcome.at);
}

void warm_pool::shelve(std::size_t index, std::unique_ptr<warm_connection> made,
                       const ip_endpoint& to) {
  auto& onto = shelves_[index];
  if (closed_ || onto.policy.wanted() == 0) return;
  auto& placed = *onto.ready.emplace_back(std::move(made));
  ++rule_.count.warm_made;
  ++rule_.count.warm_ready;
  placed.wait(*this, to, onto.policy.begin(steady_clock::now(), next_noise()));
  if (onto.ready.size() > onto.policy.wanted()) drop(onto, 1);  // the one that this one follows
}

void warm_pool::fail(std::size_t index, const step_outcome& why) {
  if (closed_ || !shelves_[index].policy.failed(steady_clock::now(), next_noise())) return;
  lane_.shared().log.warm_trouble(rule_, index, why.phase, why.text());
}

void warm_pool::drop(shelf& from, std::size_t most) {
  for (; most > 0 && !from.ready.empty(); --most) {
    from.ready.pop_front();
    --rule_.count.warm_ready;
  }
}

// Of a name whose addresses have changed only those that still stand for it.
bool warm_pool::is_current(std::size_t index, const ip_address& address) const {
  const auto& whom = rule_.remotes[index];
  if (whom.address) return true;
  const auto known = lane_.shared().names.cached(whom.host);
  if (!known || !*known) return true;
  return std::ranges::find(***known, address) != (***known).end();
}

}  // namespace relay::forward
