#include "support/sockets.hpp"

#include <relay/net/socket.hpp>

#include <gtest/gtest.h>

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace relay::net {
namespace {

// Whether what arrives is acknowledged at once, with a packet of its own.
bool acknowledges_at_once(int fd) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &value, &length), 0);
  return value != 0;
}

class FirstAck : public ::testing::TestWithParam<bool> {};

TEST_P(FirstAck, OfAClientLeavesWithTheAnswerWhereThatFollowsAtOnce) {
  listen_options options;
  options.answers_at_once = GetParam();
  const char* step = nullptr;
  const auto listening = listen_tcp({*ip_address::parse("127.0.0.1"), 0}, options, &step);
  ASSERT_TRUE(listening) << step;
  const auto client = test::connect_to(test::address_of(listening->get()));
  EXPECT_EQ(acknowledges_at_once(test::accept_one(listening->get()).get()), !GetParam());
}

TEST_P(FirstAck, OfAClientOfSomebodyElsesListenerToo) {
  const auto listening = test::listen_any();
  listen_options options;
  options.answers_at_once = GetParam();
  adopt_listener(listening.get(), options);
  const auto client = test::connect_to(test::address_of(listening.get()));
  EXPECT_EQ(acknowledges_at_once(test::accept_one(listening.get()).get()), !GetParam());
}

// Once connected the kernel decides anew, so this one never is.
TEST_P(FirstAck, OfARemoteLeavesWithOurFirstBytesWhereWeSpeakFirst) {
  const test::black_hole silent;
  dial_options options;
  options.speaks_first = GetParam();
  const char* step = nullptr;
  const auto dialling = start_connect(silent.address(), options, &step);
  ASSERT_TRUE(dialling) << step;
  EXPECT_EQ(acknowledges_at_once(dialling->get()), !GetParam());
}

INSTANTIATE_TEST_SUITE_P(Both, FirstAck, ::testing::Bool());

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
