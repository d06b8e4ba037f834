#pragma once

#include <relay/net/poller.hpp>
#include <relay/net/timer_wheel.hpp>

#include <chrono>
#include <cstdint>

namespace relay::transport {

/// When a WebSocket connection sends a ping of its own: after so much silence in our direction, so
/// that no proxy in between takes it for dead. It is made only where `ping=` says so, and ends with
/// its stream, whose waiter it wakes when a ping is due; `flush` then asks it what to do.
class websocket_pinger final : public net::timer {
 public:
  enum class verdict : std::uint8_t { nothing, ping, dead };
  /// So many pings in a row without a word from a peer that has answered earlier ones. One that
  /// never did, as realm, may go on like that.
  static constexpr std::uint8_t most_unanswered = 3;

  websocket_pinger(net::poller& poller, net::timer_wheel& wheel, std::chrono::milliseconds every);

  void notify(net::waiter* whom) noexcept { whom_ = whom; }
  /// Something left, of either kind.
  void sent() {
    last_sent_ = wheel_.note();
    due_ = false;
  }
  /// Something came, of either kind,
  void heard() noexcept { unanswered_ = 0; }
  /// and that was a pong.
  void answered() noexcept { answers_ = true; }
  /// What is to be done now; a ping that it asks for counts as sent.
  verdict ask();

 private:
  void expired() override;

  net::poller& poller_;
  net::timer_wheel& wheel_;
  net::waiter* whom_ = nullptr;
  std::chrono::milliseconds every_;
  net::timer_wheel::moment last_sent_ = 0;
  std::uint8_t unanswered_ = 0;
  bool answers_ = false;
  bool due_ = false;
};

}  // namespace relay::transport
