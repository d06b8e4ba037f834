#pragma once

#include <relay/base/ip.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

namespace relay::forward {

/// Where the datagrams for one remote go at the moment. A name may come to stand for other
/// addresses; who has one keeps it while the name still stands for it, since name servers change
/// the order with every answer and a flow must not jump with it. Pure.
class target {
 public:
  using clock = std::chrono::steady_clock;

  target() = default;
  explicit target(std::optional<ip_address> literal) : address_(literal), fixed_(literal) {}

  const std::optional<ip_address>& address() const noexcept { return address_; }
  /// Changes when the address does.
  std::uint32_t version() const noexcept { return version_; }

  /// Whether it is time to ask what the name stands for now; says so once per `interval`.
  bool is_due(clock::time_point now) {
    if (fixed_ || now < next_look_) return false;
    next_look_ = now + (address_ ? interval : retry);
    return true;
  }

  /// The addresses that can be used, best first. None: what there was stays.
  void learn(const std::vector<ip_address>& usable) {
    if (usable.empty()) return;
    if (address_ && std::ranges::find(usable, *address_) != usable.end()) return;
    address_ = usable.front();
    ++version_;
  }

 private:
  static constexpr std::chrono::milliseconds interval{1000};
  static constexpr std::chrono::milliseconds retry{100};  // while there is no address at all

  std::optional<ip_address> address_;
  clock::time_point next_look_{};
  std::uint32_t version_ = 0;
  bool fixed_ = false;
};

}  // namespace relay::forward
