#include "support/pump_bench.hpp"
#include "support/websocket_frames.hpp"

#include <relay/pump/pipe_pool.hpp>
#include <relay/transport/websocket_stream.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

namespace relay::transport {
namespace {

using namespace std::string_literals;
using test::foreign_frame;
using wire::ws_role;

/// A WebSocket stream on a TCP connection, whose other end the test holds, and a pipe.
struct bench : test::pump_bench {
  explicit bench(ws_role us = ws_role::client, int buffers = 0)
      : role(us), below(*this, buffers), stream(below.stream, us), pipe(shared.pipes().lease()) {}

  void come(const std::string& bytes) {
    test::send_all(below.peer.get(), bytes);
    poller.turn(std::chrono::milliseconds(100));
  }
  io_result splice(std::size_t limit = std::size_t{1} << 20) {
    return stream.splice_to_pipe(pipe->write_end(), limit);
  }
  std::string piped(std::size_t count) {
    std::string got(count, '\0');
    const auto n = ::read(pipe->read_end(), got.data(), got.size());
    got.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return got;
  }
  /// What the copying half reads now.
  std::string read() {
    std::string got(65536, '\0');
    const auto in = stream.read_some(std::as_writable_bytes(std::span(got)));
    got.resize(in.what == io::moved ? in.bytes : 0);
    return got;
  }
  /// A big frame whose first byte is copied: from here on frames are spliced.
  void begin() {
    come(role == ws_role::client ? big_header + "x" : "\x82\xfe\x40\x00\0\0\0\0x"s);
    EXPECT_EQ(read(), "x");
  }

  const std::string big_header = "\x82\x7e\x40\x00"s;  // 16 KiB
  ws_role role;
  test::plain_end below;
  websocket_stream stream;
  std::unique_ptr<pump::kernel_pipe> pipe;
};

TEST(WebsocketSplice, TakesThePayloadOfBigFramesAndReadsTheirHeaders) {
  bench b;
  const auto payload = test::pattern(16383 + 16384 + 70000);
  b.begin();
  b.come(payload.substr(0, 16383) + foreign_frame{payload.substr(16383, 16384), 0x01}.bytes() +
         foreign_frame{payload.substr(16383 + 16384), 0x80}.bytes());
  std::string got;
  while (got.size() < payload.size()) {
    const auto in = b.splice();
    if (in.what == io::moved) {
      got += b.piped(in.bytes);
    } else if (in.what == io::unsuited) {  // a header of another size: what was read is kept
      EXPECT_TRUE(b.stream.holds_memory());
      got += b.read();
    } else {
      ASSERT_EQ(in.what, io::blocked);
      ASSERT_TRUE(b.poller.turn(test::patience));
    }
  }
  EXPECT_EQ(got, payload);
  EXPECT_FALSE(b.stream.holds_memory());
}

TEST(WebsocketSplice, LeavesSmallFramesAlone) {
  bench b;
  EXPECT_EQ(b.splice().what, io::unsuited) << "nothing big has come yet";
  b.begin();
  b.come(std::string(16383, 'p') + foreign_frame{std::string(2047, 's')}.bytes());
  EXPECT_EQ(b.splice().bytes, 16383U);
  EXPECT_EQ(b.splice().what, io::unsuited);
  EXPECT_EQ(b.piped(20000).size(), 16383U);
  EXPECT_EQ(b.read(), std::string(2047, 's'));
}

TEST(WebsocketSplice, EndsAfterFourMiddlingFramesInARow) {
  bench b;
  b.begin();
  std::string text(16383, 'p');
  for (int i = 0; i < 6; ++i) text += foreign_frame{std::string(8192, 'm')}.bytes();
  b.come(text);
  std::size_t spliced = 0;
  for (io_result in; (in = b.splice()).what == io::moved;) spliced += b.piped(in.bytes).size();
  EXPECT_EQ(spliced, 16383U + 3 * 8192U);
  EXPECT_EQ(b.splice().what, io::unsuited);
  EXPECT_EQ(b.read().size(), 3 * 8192U);
}

TEST(WebsocketSplice, AnEmptyFrameIsASmallOne) {
  bench b;
  b.begin();
  std::string text(16383, 'p');
  for (int i = 0; i < 1000; ++i) text += "\x82\x7e\0\0"s;
  b.come(text);
  EXPECT_EQ(b.splice().bytes, 16383U);
  EXPECT_EQ(b.splice().what, io::unsuited) << "it does not loop as long as they come";
}

TEST(WebsocketSplice, NeverTakesWhatIsMasked) {
  bench b(ws_role::server);
  b.begin();
  const auto payload = test::pattern(40000);
  b.come(std::string(16383, 'p') + foreign_frame{payload, 0x82, "\0\0\0\1"s, 2}.bytes());
  EXPECT_EQ(b.splice().bytes, 16383U);
  EXPECT_EQ(b.splice().what, io::unsuited);
  std::string got;
  while (got.size() < payload.size()) {
    got += b.read();
    EXPECT_EQ(b.splice().what, got.size() < payload.size() ? io::unsuited : io::blocked);
  }
  EXPECT_EQ(got, payload);
}

TEST(WebsocketSplice, PingsAndClosesBetweenBigFramesAreSeen) {
  bench b;
  b.begin();
  b.come(std::string(16383, 'p') + foreign_frame{"are you there", 0x89}.bytes());
  EXPECT_EQ(b.splice().bytes, 16383U);
  EXPECT_EQ(b.splice().what, io::unsuited);
  EXPECT_EQ(b.read(), "") << "what was taken for a header";
  EXPECT_EQ(b.read(), "");
  EXPECT_EQ(test::read_exactly(b.below.peer.get(), 19), "\x8a\x8d\0\0\0\0are you there"s);
  b.come(foreign_frame{"", 0x88}.bytes());
  io_result in;
  while ((in = b.splice()).what == io::unsuited) b.read();
  EXPECT_EQ(in.what, io::end);
}

TEST(WebsocketSplice, AHeaderMayComeByteByByte) {
  bench b(ws_role::server);
  b.begin();
  b.come(std::string(16383, 'p'));
  EXPECT_EQ(b.splice().bytes, 16383U);
  EXPECT_EQ(b.piped(20000).size(), 16383U);
  for (const char each : "\x82\xff\0\0\0\0\0\1\0\0\0\0\0\0"s) {
    EXPECT_EQ(b.splice().what, io::blocked);
    b.come(std::string(1, each));
  }
  b.come("payload");
  const auto in = b.splice();
  EXPECT_EQ(in.bytes, 7U);
  EXPECT_EQ(b.piped(7), "payload");
  EXPECT_FALSE(b.stream.holds_memory());
}

TEST(WebsocketSplice, AnEndWithinAFrameIsNone) {
  for (const bool between : {true, false}) {
    bench b;
    b.begin();
    b.come(std::string(between ? 16383 : 16382, 'p'));
    b.splice();
    test::shut_write(b.below.peer.get());
    io_result in;
    ASSERT_TRUE(test::turn_until(b.poller, [&] { return (in = b.splice()).what != io::blocked; }));
    EXPECT_EQ(in.what, between ? io::end : io::failed);
    EXPECT_EQ(in.ec, between ? error_code() : error_code(errc::truncated));
  }
}

TEST(WebsocketSplice, SendsWhatIsInThePipeAsOneFrame) {
  for (const auto role : {ws_role::server, ws_role::client}) {
    bench b(role);
    const auto payload = test::pattern(100'000);
    ASSERT_EQ(::write(b.pipe->write_end(), payload.data(), payload.size()), 100'000);
    std::size_t left = payload.size();
    std::string got;
    foreign_frame expected{payload};
    if (role == ws_role::client) expected.key = std::string(4, '\0');
    while (left > 0) {
      const auto out = b.stream.splice_from_pipe(b.pipe->read_end(), left);
      ASSERT_EQ(out.what, io::moved);
      left -= out.bytes;
    }
    EXPECT_EQ(test::read_exactly(b.below.peer.get(), expected.bytes().size()), expected.bytes());
  }
}

TEST(WebsocketSplice, AFrameThatDoesNotFitIsGoneOnWith) {
  bench b(ws_role::client, 16 * 1024);
  const auto payload = test::pattern(800'000);
  ASSERT_EQ(::write(b.pipe->write_end(), payload.data(), payload.size()), 800'000);
  const auto expected = foreign_frame{payload, 0x82, std::string(4, '\0')}.bytes();
  std::size_t left = payload.size();
  std::string got;
  bool blocked = false;
  while (got.size() < expected.size()) {
    if (left > 0) {
      const auto out = b.stream.splice_from_pipe(b.pipe->read_end(), left);
      ASSERT_TRUE(out.what == io::moved || out.what == io::blocked);
      blocked = blocked || out.what == io::blocked;
      left -= out.bytes;
    }
    std::string part(20000, '\0');
    const auto n = ::recv(b.below.peer.get(), part.data(), part.size(), 0);
    if (n > 0) got.append(part, 0, static_cast<std::size_t>(n));
    b.poller.turn(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(blocked);
  EXPECT_EQ(got, expected);
}

TEST(WebsocketSplice, APongGoesBetweenFramesOnly) {
  bench b(ws_role::server);
  ASSERT_EQ(::write(b.pipe->write_end(), "payload", 7), 7);
  EXPECT_EQ(b.stream.splice_from_pipe(b.pipe->read_end(), 3).bytes, 3U);
  b.come(foreign_frame{"?", 0x89, test::zero_key}.bytes());
  b.read();
  EXPECT_EQ(b.stream.splice_from_pipe(b.pipe->read_end(), 4).bytes, 4U);
  EXPECT_EQ(test::read_exactly(b.below.peer.get(), 14), "\x82\x03pay\x8a\x01?\x82\x04load");
}

}  // namespace
}  // namespace relay::transport
