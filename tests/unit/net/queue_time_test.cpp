#include "support/sockets.hpp"

#include <relay/net/queue_time.hpp>

#include <gtest/gtest.h>

namespace relay::net {
namespace {

TEST(QueueTime, GrowsFromTheHandshakeOn) {
  const auto listener = test::listen_any();
  const auto client = test::connect_to(test::address_of(listener.get()));
  const auto begun = std::chrono::steady_clock::now();
  const auto accepted = test::accept_one(listener.get());
  // The kernel counts in ticks of its own, 10 ms at most.
  ASSERT_TRUE(test::wait_until([&] { return queue_time(accepted.get()).count() >= 10; }));
  EXPECT_LE(queue_time(accepted.get()),
            std::chrono::steady_clock::now() - begun + std::chrono::milliseconds(20));
}

TEST(QueueTime, IsNothingWhereTheKernelDoesNotSay) { EXPECT_EQ(queue_time(-1).count(), 0); }

}  // namespace
}  // namespace relay::net
