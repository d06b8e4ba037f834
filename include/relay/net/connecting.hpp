#pragma once

#include <relay/base/ip.hpp>
#include <relay/net/poller.hpp>
#include <relay/net/socket.hpp>
#include <relay/net/timer_wheel.hpp>

#include <chrono>
#include <functional>

namespace relay::net {

/// One connect to one address, with a limit. The socket is put into a watch of the caller's and
/// stays there, connected and registered; after a failure the watch is empty. Destroying it gives
/// the attempt up.
class connecting final : public waiter, public timer {
 public:
  /// `done` is called once, from the poller's run list or the wheel, never from `start`; it may
  /// destroy this object. `errc::timed_out` when the limit was reached.
  using handler = std::function<void(error_code)>;

  connecting(watch& into, timer_wheel& wheel, handler done);
  ~connecting();

  /// `limit` 0: as long as the kernel tries.
  void start(const ip_endpoint& to, const dial_options& options, std::chrono::milliseconds limit);

  /// What was being done when it failed, for the log: "connecting", "binding to `through`", …
  const char* step() const noexcept { return step_; }

 private:
  void wake() override;
  void expired() override;
  void finish(error_code ec);

  watch& into_;
  timer_wheel& wheel_;
  handler done_;
  error_code failed_;
  const char* step_ = "connecting";
};

}  // namespace relay::net
