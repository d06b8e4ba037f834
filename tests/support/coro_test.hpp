#pragma once

#include <relay/net/asio.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <utility>

namespace relay::test {

/// Runs a coroutine on a loop of the caller's; a stuck test fails instead of hanging.
template <class Body>
void run_on(asio::io_context& loop, Body body,
            std::chrono::seconds limit = std::chrono::seconds(10)) {
  std::exception_ptr failure;
  bool finished = false;
  auto done = [&](const std::exception_ptr& e) {
    failure = e;
    finished = true;
    loop.stop();
  };
  asio::co_spawn(loop, std::move(body), done);
  loop.restart();
  loop.run_for(limit);
  if (failure) std::rethrow_exception(failure);
  EXPECT_TRUE(finished) << "still waiting after " << limit.count() << " s";
}

/// Runs a coroutine on a loop of its own.
template <class Body>
void run(Body body, std::chrono::seconds limit = std::chrono::seconds(10)) {
  asio::io_context loop{1};
  run_on(loop, std::move(body), limit);
}

}  // namespace relay::test
