#include "support/pump_bench.hpp"

#include <relay/pump/session.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <optional>

namespace relay::pump {
namespace {

using namespace std::chrono_literals;

/// A stream of bytes that depend on their place, sent and received in pieces of any size.
class endless {
 public:
  /// As much as the socket takes, up to `most`; how much that was.
  std::size_t send(int fd, std::size_t most) {
    std::size_t count = 0;
    while (count < most) {
      const auto piece = rest_at(sent_).substr(0, most - count);
      const auto n = ::send(fd, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n <= 0) break;
      sent_ += static_cast<std::size_t>(n);
      count += static_cast<std::size_t>(n);
    }
    return count;
  }
  /// All that is there; false when it is not what was sent.
  bool receive(int fd) {
    for (;;) {
      const auto n = ::recv(fd, into_.data(), into_.size(), MSG_DONTWAIT);
      if (n <= 0) return true;
      for (std::size_t at = 0; at < static_cast<std::size_t>(n);) {
        const auto want = rest_at(received_).substr(0, static_cast<std::size_t>(n) - at);
        if (std::memcmp(want.data(), into_.data() + at, want.size()) != 0) return false;
        received_ += want.size();
        at += want.size();
      }
    }
  }
  std::size_t sent() const { return sent_; }
  std::size_t received() const { return received_; }

 private:
  std::string_view rest_at(std::size_t place) const {
    return std::string_view(bytes_).substr(place % bytes_.size());
  }
  std::string bytes_ = test::pattern(999'983);
  std::string into_ = std::string(std::size_t{1} << 18, '\0');
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
};

struct bench : test::pump_bench, session::owner {
  explicit bench(bool moderated = true) : running(shared, *this, 10s, 0ms, moderated) {
    running.start(client.stream, remote.stream);
  }
  void ended(session& /*over*/, session_end why, const error_code& /*ec*/) override { end = why; }

  bool is_up_armed() { return client.stream.socket().is_armed(); }
  bool is_down_armed() { return remote.stream.socket().is_armed(); }

  bool until(const std::function<bool()>& done) { return test::turn_until(poller, done); }
  bool stream_up() {
    up.send(client.peer.get(), 200'000);
    poller.turn(0us);
    return up.receive(remote.peer.get());
  }
  bool stream_down() {
    down.send(remote.peer.get(), 200'000);
    poller.turn(0us);
    return down.receive(client.peer.get());
  }
  bool arm_up() {
    return until([&] { return !stream_up() || is_up_armed(); }) && is_up_armed();
  }
  bool all_arrived() {
    return until([&] {
      return up.receive(remote.peer.get()) && down.receive(client.peer.get()) &&
             up.received() == up.sent() && down.received() == down.sent();
    });
  }

  test::plain_end client{*this};
  test::plain_end remote{*this};
  endless up;
  endless down;
  std::optional<session_end> end;
  session running;
};

TEST(ModeratedSession, ArmsAStreamAndDeliversEveryByte) {
  bench b;
  ASSERT_TRUE(b.arm_up());
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(b.stream_up());
  ASSERT_TRUE(b.all_arrived());
  EXPECT_EQ(b.running.up(), b.up.sent());
  EXPECT_GT(b.poller.polls(), 0U);
  EXPECT_FALSE(b.is_down_armed());
}

TEST(ModeratedSession, WhatComesAfterAPauseArrives) {
  bench b;
  ASSERT_TRUE(b.arm_up());
  ASSERT_TRUE(b.all_arrived());
  ASSERT_TRUE(b.until([&] { return !b.poller.is_polling(); }));
  b.up.send(b.client.peer.get(), 1);
  EXPECT_TRUE(b.all_arrived());
}

TEST(ModeratedSession, NeverArmsWhenItIsOff) {
  bench b(false);
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(b.stream_up());
    ASSERT_FALSE(b.is_up_armed());
  }
  EXPECT_TRUE(b.all_arrived());
  EXPECT_EQ(b.poller.polls(), 0U);
}

TEST(ModeratedSession, AMessageFromTheOtherSideDisarms) {
  bench b;
  ASSERT_TRUE(b.arm_up());
  b.down.send(b.remote.peer.get(), 10);
  ASSERT_TRUE(b.all_arrived());
  EXPECT_FALSE(b.is_up_armed());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(b.stream_up());
  EXPECT_FALSE(b.is_up_armed()) << "the next two mebibytes may be an answer";
  EXPECT_TRUE(b.all_arrived());
}

TEST(ModeratedSession, BothDirectionsAtOnceAreByteExact) {
  bench b;
  ASSERT_TRUE(b.until([&] {
    return !b.stream_up() || !b.stream_down() || (b.is_up_armed() && b.is_down_armed());
  }));
  EXPECT_TRUE(b.is_up_armed() && b.is_down_armed()) << "streams are no messages to each other";
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(b.stream_up() && b.stream_down());
  EXPECT_TRUE(b.all_arrived());
}

TEST(ModeratedSession, AnEndWhileArmedIsPassedOnAfterTheLastByte) {
  bench b;
  ASSERT_TRUE(b.arm_up());
  b.up.send(b.client.peer.get(), 3'000'000);
  test::shut_write(b.client.peer.get());
  ASSERT_TRUE(b.all_arrived());
  EXPECT_FALSE(b.end);
  b.down.send(b.remote.peer.get(), 5);
  ASSERT_TRUE(b.all_arrived()) << "the other direction lives on";
  test::shut_write(b.remote.peer.get());
  ASSERT_TRUE(b.until([&] { return b.end.has_value(); }));
  EXPECT_EQ(b.end, session_end::client_eof);
  EXPECT_EQ(test::read_to_end(b.remote.peer.get()), "");
  EXPECT_FALSE(b.is_up_armed());
}

TEST(ModeratedSession, AResetOfTheSenderWhileArmedIsPassedOn) {
  bench b;
  ASSERT_TRUE(b.arm_up());
  ASSERT_TRUE(b.all_arrived());
  test::reset(std::move(b.client.peer));
  ASSERT_TRUE(b.until([&] { return b.end.has_value() || (b.pass(1), false); }));
  EXPECT_EQ(b.end, session_end::reset_by_client);
  EXPECT_FALSE(b.is_up_armed());
}

TEST(ModeratedSession, AResetOfTheSinkWhileArmedIsPassedOn) {
  bench b;
  ASSERT_TRUE(b.arm_up());
  ASSERT_TRUE(b.all_arrived());
  test::reset(std::move(b.remote.peer));
  ASSERT_TRUE(b.until([&] { return b.end.has_value() || (b.pass(1), false); }));
  EXPECT_EQ(b.end, session_end::reset_by_remote);
}

TEST(ModeratedSession, ASlowSinkDisarmsAndLosesNothing) {
  bench b;
  ASSERT_TRUE(b.arm_up());
  ASSERT_TRUE(b.until([&] {  // nobody reads
    b.up.send(b.client.peer.get(), 200'000);
    return !b.is_up_armed();
  }));
  b.poller.turn(0us);
  while (b.up.send(b.client.peer.get(), 200'000) > 0) b.poller.turn(0us);
  EXPECT_FALSE(b.is_up_armed());
  EXPECT_TRUE(b.all_arrived());
}

TEST(ModeratedSession, UrgentDataWhileArmedEndsSplicingAndArrives) {
  bench b;
  ASSERT_TRUE(b.arm_up());
  ASSERT_TRUE(b.all_arrived());
  ASSERT_EQ(::send(b.client.peer.get(), "!", 1, MSG_OOB), 1);
  b.up.send(b.client.peer.get(), 100'000);
  EXPECT_TRUE(b.all_arrived());
  EXPECT_FALSE(b.is_up_armed());
}

TEST(ModeratedSession, OneThatIsDestroyedWhileArmedLeavesThePollerAlone) {
  auto b = std::make_unique<bench>();
  ASSERT_TRUE(b->arm_up());
  b->up.send(b->client.peer.get(), 200'000);
  b->running.abort();
  EXPECT_FALSE(b->is_up_armed());
}

TEST(ReceiveWindow, IsWhatTheKernelHasToldThePeer) {
  auto [ours, theirs] = test::tcp_pair();
  const auto window = receive_window(ours.get());
  EXPECT_GE(window, 16U * 1024);
  EXPECT_LE(window, std::size_t{64} << 20);
  EXPECT_EQ(receive_window(-1), 0U);
}

}  // namespace
}  // namespace relay::pump
