#include <relay/forward/route.hpp>

#include <spdlog/logger.h>

#include <algorithm>
#include <random>

namespace relay::forward {
namespace {

// Then an association tries it again, for one datagram.
constexpr std::chrono::seconds refusal_pause{10};

std::vector<std::string> names_of(const config::endpoint& from) {
  std::vector<std::string> names{from.remote.to_string()};
  for (const auto& extra : from.extra_remotes) names.push_back(extra.to_string());
  return names;
}

}  // namespace

struct route::shared {
  shared(const balance::balancing& how, const balance::client_prefix& of_client,
         std::vector<std::string> remotes, spdlog::logger& to, std::uint32_t seed)
      : names(std::move(remotes)),
        selector(how, names, of_client),
        refusing(names.size()),
        noise(seed),
        log(to) {}

  double next_noise() { return std::uniform_real_distribution(-1.0, 1.0)(noise); }

  const std::vector<std::string> names;
  std::mutex mutex;  // of the three below
  balance::selector selector;
  std::vector<clock::time_point> refusing;  // datagrams, until then
  std::minstd_rand noise;
  std::atomic<bool> calm{true};  // read without the lock: then a success changes nothing
  std::atomic<std::uint32_t> changes{0};
  spdlog::logger& log;
};

route::route(const config::endpoint& from, spdlog::logger& log, route* before, std::uint32_t seed) {
  auto names = names_of(from);
  const auto& how = *from.balance;
  const auto shares = balance::shares(how, names.size());
  if (shares.size() - static_cast<std::size_t>(std::ranges::count(shares, 0U)) > 1) {
    shared_ =
        std::make_unique<shared>(how, from.network.iphash_prefix, std::move(names), log, seed);
    if (before != nullptr) inherit(*before);
  } else {
    const auto found = std::ranges::find_if(shares, [](auto share) { return share > 0; });
    only_ = static_cast<std::size_t>(found - shares.begin());
  }
}

// By name: the set may be another one, in another order. A remote that was listed twice is one.
void route::inherit(const route& before) {
  for (const auto& known : before.remotes_health()) {
    for (std::size_t i = 0; i < shared_->names.size(); ++i) {
      if (shared_->names[i] == known.name) shared_->selector.inherit(i, known.health);
    }
  }
  shared_->calm = shared_->selector.is_calm();
}

std::vector<route::remote_health> route::remotes_health() const {
  std::vector<remote_health> made;
  if (!shared_) return made;
  const std::lock_guard lock(shared_->mutex);
  for (std::size_t i = 0; i < shared_->names.size(); ++i) {
    made.push_back({shared_->names[i], shared_->selector.health_of(i)});
  }
  return made;
}

route::~route() = default;

route::claim route::pick(const ip_address& client, clock::time_point now,
                         const balance::tried_set& tried) {
  if (!shared_) return tried.empty() ? claim(nullptr, {only_, 0, false}) : claim();
  const std::lock_guard lock(shared_->mutex);
  const auto found = shared_->selector.pick(client, now, tried);
  return found ? claim(this, *found) : claim();
}

route::claim route::ahead(std::size_t index) {
  if (!shared_) return only(index);
  const std::lock_guard lock(shared_->mutex);
  const auto found = shared_->selector.ahead(index);
  return found ? claim(this, *found) : claim();
}

std::vector<std::uint32_t> route::in_use() {
  if (!shared_) {
    std::vector<std::uint32_t> made(only_ + 1, 0);
    made[only_] = 1;
    return made;
  }
  const std::lock_guard lock(shared_->mutex);
  return shared_->selector.in_use();
}

std::vector<remote_state> route::states(clock::time_point now) const {
  std::vector<remote_state> made;
  if (!shared_) return made;
  const std::lock_guard lock(shared_->mutex);
  const auto shares = shared_->selector.in_use();
  for (std::size_t i = 0; i < shares.size(); ++i) {
    auto& one = made.emplace_back();
    one.name = shared_->names[i];
    one.share = shares[i];
    one.is = remote_state::health::up;
    if (!shared_->selector.is_candidate(i)) one.is = remote_state::health::unused;
    const auto until = shared_->selector.aside_until(i);
    if (!until) continue;
    one.is = remote_state::health::aside;
    one.aside_for = std::chrono::ceil<std::chrono::milliseconds>(std::max(*until, now) - now);
  }
  return made;
}

std::string_view to_string(remote_state::health is) noexcept {
  switch (is) {
    case remote_state::health::up:
      return "up";
    case remote_state::health::aside:
      return "aside";
    case remote_state::health::unused:
      return "unused";
    case remote_state::health::unknown:
      break;
  }
  return "unknown";
}

std::uint32_t route::changes() const noexcept { return shared_ ? shared_->changes.load() : 0; }

std::size_t route::pick_for_datagrams(const ip_address& client, clock::time_point now) {
  if (!shared_) return only_;
  const std::lock_guard lock(shared_->mutex);
  return shared_->selector.pick_without_trial(client, now, shared_->refusing);
}

bool route::datagrams_failed(std::size_t index, clock::time_point now) {
  if (!shared_) return false;
  const std::lock_guard lock(shared_->mutex);
  shared_->refusing[index] = now + refusal_pause;
  return shared_->selector.has_other(now, shared_->refusing);
}

void route::succeeded(const balance::choice& which, clock::time_point now) {
  if (shared_->calm.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(shared_->mutex);
  const auto change = shared_->selector.succeeded(which, now);
  shared_->calm.store(shared_->selector.is_calm(), std::memory_order_release);
  // Under the lock, so that lines stand in the order of what they tell; they are rare.
  if (change.what != balance::health::event::back) return;
  ++shared_->changes;
  // At the level of the line that it takes back: else the last word would be that it is aside.
  shared_->log.warn("remote {} is back after {} s", shared_->names[which.index],
                    change.time.count());
}

void route::failed(const balance::choice& which, clock::time_point now, const error_code& why) {
  const std::lock_guard lock(shared_->mutex);
  const auto change = shared_->selector.failed(which, now, shared_->next_noise());
  shared_->calm.store(shared_->selector.is_calm(), std::memory_order_release);
  const auto& name = shared_->names[which.index];
  if (change.what == balance::health::event::put_aside) {
    ++shared_->changes;
    shared_->log.warn("remote {} put aside for {} s after {} failed connects: {}", name,
                      change.time.count(), balance::health::most_failures, describe(why));
  } else if (change.what == balance::health::event::stays_aside) {
    shared_->log.debug("remote {} stays aside for {} s: {}", name, change.time.count(),
                       describe(why));
  }
}

void route::abandoned(const balance::choice& which) {
  if (!which.trial) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->selector.abandoned(which);
}

route::claim& route::claim::operator=(claim&& other) noexcept {
  if (this == &other) return *this;
  abandon();
  home_ = std::exchange(other.home_, nullptr);
  what_ = other.what_;
  any_ = other.any_;
  return *this;
}

void route::claim::succeeded() {
  if (auto* const home = std::exchange(home_, nullptr)) home->succeeded(what_, clock::now());
}

void route::claim::failed(clock::time_point now, const error_code& why) {
  if (auto* const home = std::exchange(home_, nullptr)) home->failed(what_, now, why);
}

void route::claim::abandon() noexcept {
  if (auto* const home = std::exchange(home_, nullptr)) home->abandoned(what_);
}

}  // namespace relay::forward
