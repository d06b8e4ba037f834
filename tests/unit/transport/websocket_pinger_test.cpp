#include "support/counting_waiter.hpp"
#include "support/fake_stream.hpp"
#include "support/pump_bench.hpp"
#include "support/websocket_frames.hpp"

#include <relay/transport/websocket_stream.hpp>

#include <gtest/gtest.h>

namespace relay::transport {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::fake_stream;
using test::foreign_frame;
using wire::ws_role;

const auto ping = "\x89\x00"s;

/// A server's stream with `ping=1s`, and what wakes it.
struct bench : test::pump_bench {
  explicit bench(ws_role role = ws_role::server) : stream(below, role) {
    stream.keep_alive(poller, wheel, 1s);
    stream.notify(&session);
    session.then = [this] { flushed = stream.flush(); };
  }
  /// What was written in so many tenths of a second.
  std::string in(std::uint32_t ticks) {
    below.written.clear();
    for (std::uint32_t i = 0; i < ticks; ++i) {
      pass(1);
      run();
    }
    return below.written;
  }
  void write(std::string_view payload) {
    std::string memory(stream::headroom, '\xee');
    memory += payload;
    const auto data = std::as_writable_bytes(std::span(memory)).subspan(stream::headroom);
    EXPECT_EQ(stream.write_some(data).bytes, payload.size());
  }
  io_result come(const foreign_frame& frame) {
    below.incoming = frame.bytes();
    std::string buffer(65536, '\0');
    return stream.read_some(std::as_writable_bytes(std::span(buffer)));
  }
  void pong() { come({"", 0x8a, "abcd"}); }

  fake_stream below;
  websocket_stream stream;
  test::counting_waiter session;
  io_result flushed;
};

TEST(WebsocketPinger, PingsAfterSoMuchSilenceAndThenAgain) {
  bench b;
  EXPECT_EQ(b.in(9), "");
  EXPECT_EQ(b.session.times, 0) << "nobody is woken for nothing";
  EXPECT_EQ(b.in(2), ping);
  EXPECT_EQ(b.in(33), ping + ping + ping);
  EXPECT_FALSE(b.stream.holds_memory());
  bench client(ws_role::client);
  EXPECT_EQ(client.in(11), "\x89\x80\0\0\0\0"s);
}

TEST(WebsocketPinger, OnlyWhatWeSendCounts) {
  bench b;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(b.in(7), "");
    b.write("payload");
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(b.in(7), "");
    b.come({"?", 0x89, "abcd"});  // its pong keeps us alive as well
  }
  EXPECT_EQ(b.in(7), "");
  b.come({"payload", 0x82, "abcd"});
  EXPECT_EQ(b.in(5), ping) << "the peer's own words keep our direction open at no proxy";
}

// As realm, which swallows pings: TCP tells when that is gone.
TEST(WebsocketPinger, APeerThatNeverAnsweredMayGoOnLikeThat) {
  bench b;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(b.in(11).substr(0, 2), ping);
  EXPECT_EQ(b.flushed.what, io::moved);
}

TEST(WebsocketPinger, APeerThatAnswersNoMoreIsGone) {
  bench b;
  EXPECT_EQ(b.in(11), ping);
  b.pong();
  EXPECT_EQ(b.in(33), ping + ping + ping);
  EXPECT_EQ(b.flushed.what, io::moved) << "the third has its time too";
  EXPECT_EQ(b.in(11), "");
  EXPECT_EQ(b.flushed.ec, error_code(wire::ws_errc::no_pong));
  EXPECT_EQ(b.come({"late", 0x82, "abcd"}).ec, error_code(wire::ws_errc::no_pong));
  b.stream.abort();
  EXPECT_TRUE(b.below.aborted);
}

TEST(WebsocketPinger, AnythingFromThePeerIsASignOfLife) {
  bench b;
  b.in(11);
  b.pong();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(b.in(20).substr(0, 2), ping);
    EXPECT_EQ(b.come({"payload", 0x82, "abcd"}).what, io::moved);
  }
  EXPECT_EQ(b.flushed.what, io::moved);
}

TEST(WebsocketPinger, APeerWhoseBytesNobodyTakesFromUsIsNotGone) {
  bench b;
  b.in(11);
  b.pong();
  b.below.receive_used = 4096;
  b.in(100);
  EXPECT_EQ(b.flushed.what, io::moved);
  b.below.receive_used = 0;
  b.in(60);
  EXPECT_EQ(b.flushed.what, io::failed);
}

TEST(WebsocketPinger, APeerThatReadsNothingGetsNoPings) {
  bench b;
  b.in(11);
  b.pong();
  b.below.takes = 3;
  std::string memory(stream::headroom + 7, 'x');
  b.stream.write_some(std::as_writable_bytes(std::span(memory)).subspan(stream::headroom));
  EXPECT_EQ(b.in(100), "") << "a frame was begun";
  EXPECT_EQ(b.flushed.what, io::moved) << "and slow is not dead";
}

TEST(WebsocketPinger, NothingFollowsTheEndOfEitherSide) {
  bench ours;
  EXPECT_EQ(ours.stream.shutdown_write().what, io::moved);
  EXPECT_EQ(ours.in(50), "");
  bench theirs;
  EXPECT_EQ(theirs.come({"\x03\xe8", 0x88, "abcd"}).what, io::end);
  EXPECT_EQ(theirs.in(50), "");
}

TEST(WebsocketPinger, WithoutASessionItWaitsForOne) {
  bench b;
  b.stream.notify(nullptr);
  EXPECT_EQ(b.in(25), "");
  b.stream.notify(&b.session);
  EXPECT_EQ(b.in(11), ping);
}

}  // namespace
}  // namespace relay::transport
