#include "support/sockets.hpp"

#include <relay/net/socket.hpp>

#include <gtest/gtest.h>

namespace relay::net {
namespace {

TEST(PeerHasEnded, NotWhileItIsSilentOrSends) {
  const auto [near, far] = test::tcp_pair();
  EXPECT_FALSE(peer_has_ended(near.get()));
  test::send_all(far.get(), "something");
  ASSERT_TRUE(test::read_exactly(near.get(), 9) == "something");
  EXPECT_FALSE(peer_has_ended(near.get()));
}

TEST(PeerHasEnded, WhenItHasSentItsEndEvenBehindUnreadBytes) {
  const auto [near, far] = test::tcp_pair();
  test::send_all(far.get(), "something");
  test::shut_write(far.get());
  EXPECT_TRUE(test::wait_until([&end = near] { return peer_has_ended(end.get()); }));
  EXPECT_EQ(test::read_to_end(near.get()), "something") << "nothing was taken";
}

TEST(PeerHasEnded, WhenItHasReset) {
  auto [near, far] = test::tcp_pair();
  test::reset(std::move(far));
  EXPECT_TRUE(test::wait_until([&end = near] { return peer_has_ended(end.get()); }));
  EXPECT_TRUE(test::sees_reset(near.get())) << "the error is still there for who reads";
}

TEST(HasUnread, TellsOfBytesThatCameBeforeAnEndOrAReset) {
  for (const bool by_reset : {false, true}) {
    for (const std::string said : {"", "something"}) {
      auto [near, far] = test::tcp_pair();
      test::send_all(far.get(), said);
      test::shut_write(far.get());
      if (by_reset) test::reset(std::move(far));
      ASSERT_TRUE(test::wait_until([&end = near] { return peer_has_ended(end.get()); }));
      EXPECT_EQ(has_unread(near.get()), !said.empty()) << by_reset;
    }
  }
}

TEST(HasUnread, IsTrueWhereTheKernelDoesNotTell) { EXPECT_TRUE(has_unread(-1)); }

TEST(EndReading, IsAnEndHereAndNothingThere) {
  const auto [near, far] = test::tcp_pair();
  end_reading(near.get());
  EXPECT_EQ(test::read_to_end(near.get()), "");
  EXPECT_FALSE(peer_has_ended(far.get()));
}

}  // namespace
}  // namespace relay::net
