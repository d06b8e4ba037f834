#pragma once

#include "support/sockets.hpp"

#include <relay/net/poller.hpp>
#include <relay/net/timer_wheel.hpp>
#include <relay/net/worker.hpp>

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <utility>

namespace relay::test {

/// For one step of a handshake: a worker whose loop runs here, one side of a connection on its
/// poller, and a wheel whose clock the test moves.
struct step_bench {
  step_bench() {
    auto [near, far] = tcp_pair();
    peer = std::move(far);
    EXPECT_FALSE(place.attach(std::move(near)));
    on.poller().turn(std::chrono::microseconds(0));  // tells that it is writable
    on.on_asio_needed([] { return true; });          // as where coroutines live
  }

  /// Runs the loop until the coroutine has ended.
  template <class Body>
  void run(Body body) {
    std::exception_ptr failure;
    bool finished = false;
    boost::asio::co_spawn(on.loop(), std::move(body), [&](const std::exception_ptr& e) {
      failure = e;
      finished = true;
      on.loop().stop();
    });
    on.loop().restart();
    on.loop().run_for(patience);
    if (failure) std::rethrow_exception(failure);
    EXPECT_TRUE(finished);
  }
  void pass(int ticks) {
    for (int i = 0; i < ticks; ++i) wheel.advance(++clock);
  }

  net::worker on{0};
  std::uint32_t clock = 0;
  net::timer_wheel wheel{[this] { return clock; }};
  net::watch place{on.poller()};
  unique_fd peer;
};

}  // namespace relay::test
