#pragma once

#include <relay/balance/health.hpp>
#include <relay/balance/plan.hpp>
#include <relay/balance/rendezvous.hpp>
#include <relay/balance/round_robin.hpp>
#include <relay/base/ip.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace relay::balance {

/// Which remotes one connection has tried in vain; it grows only when something fails.
using tried_set = std::vector<std::size_t>;

/// A remote for one connection, and what its outcome will mean.
struct choice {
  std::size_t index = 0;     ///< 0 is `remote`, k is `extra_remotes[k-1]`
  std::uint32_t period = 0;  ///< of its health
  bool trial = false;        ///< the one connection that tries a remote that is aside
};

/// Who may be chosen: how many connections each remote gets in proportion, 0 for those that never
/// get any. Without a strategy each is a candidate; with one, those that have a weight, or only the
/// first when fewer than two are given or all of them are 0 (spec 7.1, 7.2).
std::vector<std::uint32_t> shares(const balance::balancing& how, std::size_t remotes);

/// Chooses remotes: strategy, weights and health of one endpoint. Pure but for what it remembers;
/// whoever shares it guards it.
///
/// - Without a strategy the first remote that is well, in order.
/// - Remotes that are aside take no part in the sequence of round-robin, and their clients go to
///   the next in their order with ip-hash. When nobody else is left the one whose time is nearest
///   is chosen all the same.
/// - After a failure, round-robin's substitute comes from a second sequence of the same weights:
///   the failures of one remote are spread over the others, and the first sequence goes on as if
///   nothing had happened.
class selector {
 public:
  selector(const balance::balancing& how, std::span<const std::string> names,
           const balance::client_prefix& of_client = {});

  /// Nothing when all have been tried.
  std::optional<choice> pick(const ip_address& client, health::time_point now,
                             const tried_set& tried);
  /// For an association, which makes no trials: the same sequence, without those that refuse
  /// datagrams until a later time, unless all do. `refusing` has one time for each remote, or none.
  std::size_t pick_without_trial(const ip_address& client, health::time_point now,
                                 std::span<const health::time_point> refusing = {});
  /// Whether anybody is left then.
  bool has_other(health::time_point now, std::span<const health::time_point> refusing) const;

  /// Where connections go at present: each remote's share of them, 0 for those that get none now.
  std::vector<std::uint32_t> in_use() const;
  /// Whether it ever gets any.
  bool is_candidate(std::size_t index) const { return shares_[index] > 0; }
  /// Until when it gets none, since it has failed; nothing while it is well.
  std::optional<health::time_point> aside_until(std::size_t index) const {
    if (health_[index].is_up()) return std::nullopt;
    return health_[index].until();
  }
  /// For a connection that is made before anybody wants it; nothing while the remote is aside.
  std::optional<choice> ahead(std::size_t index) const;

  health::change failed(const choice& which, health::time_point now, double noise);
  health::change succeeded(const choice& which, health::time_point now);
  void abandoned(const choice& which);

  const health& health_of(std::size_t index) const { return health_[index]; }
  /// A remote is as well as it was under another plan. Whoever is trying it there tells that one.
  void inherit(std::size_t index, const health& known) { health_[index] = known.inherited(); }

  /// Nobody is aside or about to be: successes need not be told.
  bool is_calm() const;

 private:
  std::optional<std::size_t> preferred(const ip_address& client, bool first);
  std::optional<std::size_t> nearest(const tried_set& tried) const;
  static bool refuses(std::size_t index, health::time_point now,
                      std::span<const health::time_point> refusing);
  bool is_open(std::size_t index, health::time_point now) const {
    return shares_[index] > 0 && (health_[index].is_up() || health_[index].may_be_tried(now));
  }

  balance::strategy by_;
  std::vector<std::uint32_t> shares_;
  std::vector<health> health_;
  round_robin sequence_;
  round_robin substitutes_;
  rendezvous ranking_;
  std::vector<bool> open_;  // for one call
};

}  // namespace relay::balance
