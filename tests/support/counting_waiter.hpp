#pragma once

#include <relay/net/poller.hpp>

#include <functional>

namespace relay::test {

/// Counts how often it is woken, and does then what the test wants.
struct counting_waiter final : net::waiter {
  void wake() override {
    ++times;
    if (then) then();
  }
  int times = 0;
  std::function<void()> then;
};

}  // namespace relay::test
