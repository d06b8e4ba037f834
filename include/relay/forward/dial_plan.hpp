#pragma once

#include <relay/base/ip.hpp>
#include <relay/forward/step_outcome.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace relay::forward {

/// In which order the addresses of a remote's name are tried, and when the name is asked for anew.
/// Pure: somebody else looks up and connects, and tells what came of it.
///
/// Each address is tried once. When all have failed the name may have moved: it is asked for past
/// the cache, and the addresses that are new are tried as well. Where no time is left for that, the
/// question is asked for the sake of later clients.
class dial_plan {
 public:
  /// `through`: the address to connect from; only remotes of its family can be tried.
  explicit dial_plan(std::optional<ip_address> through) : through_(through) {}
  /// Goes on after the only address that was known has failed.
  dial_plan(std::optional<ip_address> through, const ip_address& tried, step_outcome how);

  enum class action : std::uint8_t {
    look_up,       ///< the name; then found() or not_found()
    look_up_anew,  ///< past the cache; the same
    connect,       ///< to `to`; then ended()
    refresh,       ///< let the name be asked for, wait for nothing; the outcome stands
    stop,          ///< the outcome stands
  };
  struct step {
    action what;
    ip_address to{};
  };
  /// `has_time`: `connect_limit` is not over.
  step next(bool has_time);
  /// Whether another address is known, behind the one that `next` has given.
  bool has_next() const noexcept { return !left_.empty(); }

  void found(const std::vector<ip_address>& addresses);
  void not_found(const error_code& ec);
  void ended(step_outcome how);

  /// What the attempts came to; valid after `refresh` or `stop`.
  step_outcome& outcome() noexcept { return last_; }

 private:
  enum class stage : std::uint8_t { unasked, first, again, over };

  std::optional<ip_address> through_;
  std::vector<ip_address> left_;  // the next one is the last
  std::vector<ip_address> tried_;
  step_outcome last_;
  stage stage_ = stage::unasked;
};

}  // namespace relay::forward
