#pragma once

#include <relay/base/ip.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace relay::forward {

/// Where the datagrams for one remote go at the moment: one address of its name. Pure.
///
/// - A name may come to stand for other addresses; who has one keeps it while the name still stands
///   for it, since name servers change the order with every answer and a flow must not jump with
///   it.
/// - An address that refuses is left for the next one (`failed`). The first choice is tried again
///   after a while that doubles, unless the other one answers.
class target {
 public:
  using clock = std::chrono::steady_clock;

  target() = default;
  explicit target(std::optional<ip_address> literal) : is_fixed_(literal) {
    if (literal) candidates_.push_back({*literal});
  }

  std::optional<ip_address> address() const noexcept;
  /// Changes when the address does.
  std::uint32_t version() const noexcept { return version_; }
  bool is_name() const noexcept { return !is_fixed_; }
  /// Whether something from there may still be on its way here.
  bool was_at(const ip_address& address, clock::time_point now) const noexcept;

  /// Whether it is time to ask what the name stands for now; says so once per `interval`. That is
  /// also when it goes back to its first choice.
  bool is_due(clock::time_point now);
  /// The addresses that can be used, best first. None: what there was stays.
  void learn(const std::vector<ip_address>& usable, clock::time_point now);

  /// The address that it has refuses, or cannot be reached. Whether there is another one now.
  bool failed(clock::time_point now);
  /// Something has come from the remote.
  void heard(clock::time_point now) noexcept { heard_ = now; }
  /// Datagrams are sent there: whether they have been going one way only for so long that the name
  /// should be asked anew. Says so again after twice the time: some protocols know no answers.
  bool is_silent(clock::time_point now) noexcept;
  /// Whether the name may be asked past the cache now; once per `interval`.
  bool may_ask_anew(clock::time_point now) noexcept;

 private:
  static constexpr std::chrono::milliseconds interval{1000};
  static constexpr std::chrono::milliseconds retry{100};  // while there is no address at all
  static constexpr std::chrono::seconds shortest_pause{1};
  static constexpr std::chrono::seconds longest_pause{300};
  static constexpr std::chrono::seconds patience{5};
  static constexpr std::chrono::seconds longest_patience{300};
  static constexpr std::chrono::seconds farewell{5};

  struct candidate {
    ip_address address;
    clock::time_point aside_until{};
    std::chrono::seconds pause{shortest_pause};
  };

  void go_to(std::size_t index, clock::time_point now);
  void go_home(clock::time_point now);
  std::optional<std::size_t> next(clock::time_point now) const;

  std::vector<candidate> candidates_;
  std::size_t current_ = 0;
  ip_address home_;  // where it was before an address failed; of the same list
  ip_address left_;
  clock::time_point moved_{};
  clock::time_point heard_{};
  clock::time_point unanswered_since_{};
  std::chrono::seconds patience_{patience};
  clock::time_point next_look_{};
  clock::time_point next_anew_{};
  std::uint32_t version_ = 0;
  bool is_fixed_ = false;
};

}  // namespace relay::forward
