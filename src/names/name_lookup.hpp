#pragma once

#include "ares_channel.hpp"

#include <relay/names/lookup_plan.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace relay::names {

/// One lookup under way on its worker: asks what its plan says, and ends by itself at the latest
/// `total` after it was made, whatever the name servers do.
class name_lookup {
 public:
  struct limits {
    std::chrono::milliseconds total{10000};
    std::chrono::milliseconds grace{1000};  ///< for one family when the other has answered
  };
  /// Called once, from the loop; may not destroy the lookup, which is on the stack.
  using on_outcome = std::function<void(dns_outcome)>;

  name_lookup(asio::io_context& loop, lookup_plan plan, const limits& bounds, on_outcome done);

  /// Its outcome has been told.
  bool is_over() const noexcept { return alive_ == nullptr; }
  bool begun() const noexcept { return channel_ != nullptr; }
  void begin(std::shared_ptr<ares_channel> channel);
  /// Ends it (from the loop, not from in here) with what there is, or with `why`.
  void give_up(error_code why);

 private:
  void ask();
  void take(record_type type, dns_reply reply);
  void go_on(record_type type, dns_reply reply);
  void settle(error_code why);
  void fail();
  void finish(dns_outcome outcome);
  void wait_until(std::chrono::steady_clock::time_point when, error_code why);

  lookup_plan plan_;
  limits limits_;
  on_outcome done_;
  std::shared_ptr<ares_channel> channel_;
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point deadline_;
  bool in_grace_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace relay::names
