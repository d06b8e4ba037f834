#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace relay::forward {

/// How many connections one of `workers` keeps ready of the `warm` of an endpoint: an equal part,
/// and at least one, since a connection is used on the worker that has made it.
std::size_t warm_part(std::size_t warm, std::size_t worker, std::size_t workers) noexcept;

/// A worker's part spread over the remotes by how many clients each of them gets. With fewer than
/// remotes each worker begins at another one.
std::vector<std::size_t> spread_warm(std::size_t part, std::span<const std::uint32_t> shares,
                                     std::size_t worker);

/// When to make connections to one remote ahead of their clients, and when to let go of one. Pure
/// but for what it remembers: times, noise and what there is are arguments.
///
/// - As many are made at once as are lacking. A client that uses one pays for the next; what nobody
///   pays for, because it was lost or grew old, is bound by a rate.
/// - An idle one is replaced in the last third of its life, each at another moment, and goes when
///   its successor is there; nobody gets one that is older than its life.
/// - A connect that fails, and a connection that is lost unused within a second, begin a pause of a
///   second, doubled each time up to a minute. Behind it one alone is made, and the others when
///   that has lasted for a second or was used.
class warm_policy {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;
  static constexpr milliseconds proof{1000};
  static constexpr milliseconds shortest_pause{1000};
  static constexpr milliseconds longest_pause{60000};
  static constexpr double most_per_second = 2;  // times the number that is wanted, unpaid
  static constexpr double spread = 0.2;         // of the pause, so that many relays do not agree

  /// `max_age` 0: for as long as the remote keeps it.
  explicit warm_policy(milliseconds max_age) noexcept : max_age_(max_age) {}

  /// How many are to be kept from now on.
  void want(std::size_t count) noexcept { wanted_ = count; }
  std::size_t wanted() const noexcept { return wanted_; }

  /// What becomes of one that is ready since `now`; `noise` is from -1 to 1.
  struct life {
    time_point since;
    time_point renewal;  ///< from here on a successor is made
    time_point end;
  };
  life begin(time_point now, double noise) const noexcept;

  /// How many connects to begin now, with so many ready that need no successor and so many connects
  /// under way. They count as begun.
  std::size_t dial(time_point now, std::size_t fresh, std::size_t under_way) noexcept;
  /// A connect has failed, or one was lost unused. True: the trouble begins.
  bool failed(time_point now, double noise) noexcept;
  /// Was lost unused: true when that is the trouble's begin. Who has lasted is no failure.
  bool lost(const life& of, time_point now, double noise) noexcept;
  /// One has lasted. True: the trouble is over.
  bool proved() noexcept;
  /// A client has taken one, which proves as much.
  bool used() noexcept;
  /// Whether one that is ready has lasted long enough to prove that the remote keeps them.
  bool has_lasted(const life& of, time_point now) const noexcept { return now - of.since >= proof; }

  /// How long nothing happens by itself: then it is worth to ask `dial` again.
  milliseconds patience() const noexcept;

 private:
  double allowance(time_point now) noexcept;

  milliseconds max_age_;
  std::size_t wanted_ = 0;
  double saved_ = 0;  // connects that may be begun at once
  bool is_limited_ = false;
  time_point counted_{};
  int failures_ = 0;  // in a row
  time_point paused_until_{};
};

}  // namespace relay::forward
