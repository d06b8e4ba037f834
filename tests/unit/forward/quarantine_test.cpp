#include "support/sockets.hpp"

#include <relay/forward/quarantine.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using clock = quarantine::clock;

clock::time_point at(std::chrono::milliseconds since) { return clock::time_point(1h + since); }

class Quarantine : public testing::Test {
 protected:
  /// Puts a socket in; where it is.
  ip_endpoint add(std::chrono::milliseconds when, int family = AF_INET) {
    auto fd = test::udp_socket(family == AF_INET ? "127.0.0.1:0" : "[::1]:0");
    const auto address = test::address_of(fd.get());
    kept.add(std::move(fd), family, at(when));
    return address;
  }
  unique_fd take(std::chrono::milliseconds when, int family = AF_INET) {
    return kept.take(family, at(when), closed);
  }
  void send(const ip_endpoint& to) const {
    const socket_address address(to);
    ASSERT_EQ(::sendto(sender.get(), "late", 4, 0, address.data(), address.length), 4);
  }

  quarantine kept;
  std::size_t closed = 0;
  unique_fd sender = test::udp_socket();
};

TEST_F(Quarantine, GivesNothingBeforeItsTimeIsOver) {
  const auto where = add(0ms);
  EXPECT_FALSE(take(0ms));
  EXPECT_FALSE(take(1999ms));
  const auto taken = take(2000ms);
  ASSERT_TRUE(taken);
  EXPECT_EQ(test::address_of(taken.get()), where);
  EXPECT_TRUE(kept.is_empty());
  EXPECT_EQ(closed, 0U);
}

TEST_F(Quarantine, WhatCameMeanwhileIsNotForTheNextAndKeepsThePortForLonger) {
  const auto where = add(0ms);
  send(where);
  EXPECT_FALSE(take(2000ms));
  EXPECT_FALSE(take(3999ms));
  const auto taken = take(4000ms);
  ASSERT_TRUE(taken);
  char none = 0;
  EXPECT_LT(::recv(taken.get(), &none, 1, MSG_DONTWAIT), 0);
}

TEST_F(Quarantine, ARemoteThatNeverStopsClosesThePort) {
  const auto where = add(0ms);
  for (auto now = 2s; now < quarantine::longest; now += 2s) {
    send(where);
    ASSERT_FALSE(take(now));
    ASSERT_EQ(kept.size(), 1U);
  }
  send(where);
  EXPECT_FALSE(take(quarantine::longest));
  EXPECT_TRUE(kept.is_empty());
  EXPECT_EQ(closed, 1U);
}

TEST_F(Quarantine, ASocketOfTheOtherFamilyIsClosed) {
  add(0ms, AF_INET6);
  const auto where = add(1ms);
  const auto taken = take(2001ms);
  ASSERT_TRUE(taken);
  EXPECT_EQ(test::address_of(taken.get()), where);
  EXPECT_EQ(closed, 1U);
}

TEST_F(Quarantine, ThoseBehindOneThatStaysAreNotKeptLonger) {
  send(add(0ms));
  const auto second = add(0ms);
  const auto taken = take(2000ms);
  ASSERT_TRUE(taken);
  EXPECT_EQ(test::address_of(taken.get()), second);
}

TEST_F(Quarantine, ClosesThoseWhoseTimeIsOver) {
  add(0ms);
  add(1000ms);
  EXPECT_EQ(kept.next(), at(2000ms));
  EXPECT_EQ(kept.close_over(at(1999ms)), 0U);
  EXPECT_EQ(kept.close_over(at(2000ms)), 1U);
  EXPECT_EQ(kept.next(), at(3000ms));
  EXPECT_TRUE(kept.close_oldest());
  EXPECT_FALSE(kept.close_oldest());
}

TEST_F(Quarantine, KeepsNoMoreThanItsBound) {
  for (std::size_t i = 0; i < quarantine::most + 2; ++i) {
    kept.add(unique_fd(::dup(sender.get())), AF_INET, at(0ms));
  }
  EXPECT_EQ(kept.close_over(at(0ms)), 2U);
  EXPECT_EQ(kept.size(), quarantine::most);
}

}  // namespace
}  // namespace relay::forward
