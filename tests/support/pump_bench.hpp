#pragma once

#include "support/sockets.hpp"

#include <relay/net/poller.hpp>
#include <relay/net/timer_wheel.hpp>
#include <relay/pump/workspace.hpp>
#include <relay/transport/plain_stream.hpp>

namespace relay::test {

/// What a session needs of its worker, with time moved by hand.
struct pump_bench {
  explicit pump_bench(std::size_t most_pipes = 8)
      : pipes(
            most_pipes << 20, std::size_t{1} << 20, [] { return true; }, [] {}) {}

  net::poller poller{[] {}};
  std::uint32_t clock = 0;
  net::timer_wheel wheel{[this] { return clock; }};
  pump::pipe_budget pipes;
  /// Of the alarms; so far away that the kernel's timer never runs out.
  net::alarms::clock::time_point now{
      std::chrono::ceil<std::chrono::hours>(net::alarms::clock::now() + std::chrono::hours(1))};
  pump::workspace shared{poller, wheel, pipes, [this] { return now; }};

  void pass(std::uint32_t ticks) {
    for (std::uint32_t i = 0; i < ticks; ++i) wheel.advance(++clock);
  }
  /// For alarms only; who is due runs.
  void pass(net::alarms::clock::duration time) {
    now += time;
    shared.alarms().ring();
    run();
  }
  /// Everything that can happen now.
  void run() {
    while (poller.turn(std::chrono::microseconds(0))) {
    }
  }
};

/// A plain stream on one end of a TCP connection; the test holds the other.
struct plain_end {
  explicit plain_end(pump_bench& bench, int buffers = 0) : stream(bench.poller) {
    auto [ours, theirs] = tcp_pair();
    if (buffers > 0) {
      set_buffers(ours.get(), buffers);
      set_buffers(theirs.get(), buffers);
    }
    if (stream.socket().attach(std::move(ours), net::seen::writable)) {
      throw std::runtime_error("attach");
    }
    peer = std::move(theirs);
  }

  transport::plain_stream stream;
  unique_fd peer;
};

}  // namespace relay::test
