#include <relay/balance/selector.hpp>

#include <algorithm>
#include <cassert>

namespace relay::balance {
namespace {

bool contains(const tried_set& tried, std::size_t index) {
  return std::ranges::find(tried, index) != tried.end();
}

}  // namespace

std::vector<std::uint32_t> shares(const balance::balancing& how, std::size_t remotes) {
  if (how.by == balance::strategy::off) return std::vector<std::uint32_t>(remotes, 1);
  std::vector<std::uint32_t> made(remotes, 0);
  if (how.weights.size() > 1) {
    std::copy_n(how.weights.begin(), std::min(how.weights.size(), remotes), made.begin());
  }
  const bool nobody = std::ranges::count(made, 0U) == static_cast<std::ptrdiff_t>(remotes);
  if (nobody) made.front() = 1;
  return made;
}

selector::selector(const balance::balancing& how, std::span<const std::string> names,
                   const balance::client_prefix& of_client)
    : by_(how.by),
      shares_(shares(how, names.size())),
      health_(names.size()),
      sequence_(shares_),
      substitutes_(shares_),
      ranking_(names, shares_, of_client),
      open_(names.size()) {}

std::optional<choice> selector::pick(const ip_address& client, health::time_point now,
                                     const tried_set& tried) {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    open_[i] = is_open(i, now) && !contains(tried, i);
  }
  auto found = preferred(client, tried.empty());
  if (!found) found = nearest(tried);
  if (!found) return std::nullopt;
  auto& state = health_[*found];
  const bool trial = state.may_be_tried(now);
  if (trial) state.begin_trial();
  return choice{*found, state.period(), trial};
}

bool selector::refuses(std::size_t index, health::time_point now,
                       std::span<const health::time_point> refusing) {
  return index < refusing.size() && now < refusing[index];
}

std::size_t selector::pick_without_trial(const ip_address& client, health::time_point now,
                                         std::span<const health::time_point> refusing) {
  // One whose time is over counts as up: who asks here learns nothing of it, and without any
  // connects it would be aside for ever.
  const bool any = has_other(now, refusing);
  for (std::size_t i = 0; i < open_.size(); ++i) {
    open_[i] = is_open(i, now) && (!any || !refuses(i, now, refusing));
  }
  auto found = preferred(client, true);
  if (!found) found = nearest({});
  assert(found && "there is always a share");
  return *found;
}

bool selector::has_other(health::time_point now,
                         std::span<const health::time_point> refusing) const {
  for (std::size_t i = 0; i < health_.size(); ++i) {
    if (is_open(i, now) && !refuses(i, now, refusing)) return true;
  }
  return false;
}

std::optional<std::size_t> selector::preferred(const ip_address& client, bool first) {
  switch (by_) {
    case balance::strategy::off: {
      const auto found = std::ranges::find(open_, true);
      if (found == open_.end()) return std::nullopt;
      return static_cast<std::size_t>(found - open_.begin());
    }
    case balance::strategy::roundrobin:
      return (first ? sequence_ : substitutes_).next(open_);
    case balance::strategy::iphash:
      return ranking_.best(client, open_);
  }
  return std::nullopt;
}

// All that are left are aside.
std::optional<std::size_t> selector::nearest(const tried_set& tried) const {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < health_.size(); ++i) {
    if (shares_[i] == 0 || contains(tried, i)) continue;
    if (!found || health_[i].until() < health_[*found].until()) found = i;
  }
  return found;
}

std::vector<std::uint32_t> selector::in_use() const {
  auto made = shares_;
  bool taken = false;  // without a strategy only the first that is well has any
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (!health_[i].is_up() || (by_ == balance::strategy::off && taken)) made[i] = 0;
    taken = taken || made[i] > 0;
  }
  return made;
}

std::optional<choice> selector::ahead(std::size_t index) const {
  if (!health_[index].is_up()) return std::nullopt;
  return choice{index, health_[index].period(), false};
}

health::change selector::failed(const choice& which, health::time_point now, double noise) {
  return health_[which.index].failed(which.period, which.trial, now, noise);
}

health::change selector::succeeded(const choice& which, health::time_point now) {
  return health_[which.index].succeeded(which.period, now);
}

void selector::abandoned(const choice& which) {
  if (which.trial) health_[which.index].abandon_trial(which.period);
}

bool selector::is_calm() const {
  return std::ranges::all_of(health_, [](const health& each) { return each.is_beyond_doubt(); });
}

}  // namespace relay::balance
