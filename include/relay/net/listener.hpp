#pragma once

#include <relay/base/ip.hpp>
#include <relay/net/poller.hpp>
#include <relay/net/timer_wheel.hpp>

#include <functional>

namespace relay::net {

/// Accepts the connections of one listening socket on one worker, in batches. It never stops for
/// good: when descriptors or memory run out it pauses and goes on.
class listener final : public waiter, public timer {
 public:
  struct events {
    /// A client; NODELAY and keepalive are inherited from the listener.
    std::function<void(unique_fd client, const ip_endpoint& peer)> accepted;
    /// Asked before each accept; false pauses until `resume`: clients wait in the kernel's queue.
    std::function<bool()> admit;
    /// Takes an admission back, since nobody was there to be accepted.
    std::function<void()> not_used;
    /// accept4 failed in a way that is not the client's doing; it pauses for `retry_after`.
    std::function<void(error_code)> failed;
  };
  static constexpr std::chrono::milliseconds retry_after{100};

  listener(poller& on, timer_wheel& wheel, events handlers);
  ~listener();

  /// Takes over a listening socket.
  error_code start(unique_fd listening);
  /// Stops and closes the socket.
  void stop() noexcept;
  /// Takes those who wait already, as far as they are admitted: they were told that they are
  /// connected, and closing would reset them.
  void finish();
  /// Goes on after `admit` has said no.
  void resume();
  int fd() const noexcept { return socket_.fd(); }

 private:
  void wake() override;
  void expired() override { resume(); }
  /// Returns whether another may be waiting.
  bool accept_one();

  watch socket_;
  timer_wheel& wheel_;
  events handlers_;
};

}  // namespace relay::net
