#include "support/fake_stream.hpp"
#include "support/websocket_frames.hpp"

#include <relay/transport/websocket_stream.hpp>

#include <gtest/gtest.h>

namespace relay::transport {
namespace {

using namespace std::string_literals;
using test::connection_reset;
using test::fake_stream;
using test::foreign_frame;
using test::zero_key;
using wire::ws_role;

constexpr std::size_t room = 65536;

// As a client sends it; a server's have no key.
std::string ping(const std::string& payload, const std::string& key = zero_key) {
  return foreign_frame{payload, 0x89, key}.bytes();
}
std::string data(const std::string& payload, const std::string& key = zero_key) {
  return foreign_frame{payload, 0x82, key}.bytes();
}

struct bench {
  explicit bench(ws_role role = ws_role::server, std::string_view come = {})
      : stream(below, role, std::as_bytes(std::span(come))) {}

  io_result read() {
    buffer.resize(room);
    const auto in = stream.read_some(std::as_writable_bytes(std::span(buffer)));
    got = in.what == io::moved ? buffer.substr(0, in.bytes) : "";
    return in;
  }
  /// As a pump would: in front of the payload there is room, and the rest is offered again.
  io_result write(std::string_view payload) {
    std::string memory(stream::headroom, '\xee');
    memory += payload;
    return stream.write_some(std::as_writable_bytes(std::span(memory)).subspan(stream::headroom));
  }

  fake_stream below;
  websocket_stream stream;
  std::string buffer;
  std::string got;
};

// Spec 9.2: one binary frame per write; a zero key from a client, none from a server.
TEST(WebsocketStream, SendsAFrameForEachWrite) {
  bench server;
  EXPECT_EQ(server.write("hello").bytes, 5U);
  EXPECT_EQ(server.write(std::string(300, 'x')).bytes, 300U);
  EXPECT_EQ(server.below.written, "\x82\x05hello\x82\x7e\x01\x2c"s + std::string(300, 'x'));
  bench client(ws_role::client);
  EXPECT_EQ(client.write("hello").bytes, 5U);
  EXPECT_EQ(client.below.written, "\x82\x85\0\0\0\0hello"s);
}

TEST(WebsocketStream, AFrameThatWasBegunIsFinishedHoweverLittleIsTaken) {
  std::mt19937 noise(4);
  for (const auto role : {ws_role::server, ws_role::client}) {
    for (std::size_t size : {1U, 125U, 126U, 500U, 65535U, 65536U}) {
      bench b(role);
      const auto payload = test::random_bytes(noise, size);
      std::size_t sent = 0;
      while (sent < size) {
        b.below.takes = size > 1000 ? 1 + noise() % 9000 : noise() % 4;
        const auto out = b.write(std::string_view(payload).substr(sent));
        ASSERT_TRUE(out.what == io::moved || out.what == io::blocked);
        ASSERT_TRUE(out.what == io::blocked || out.bytes > 0);
        sent += out.bytes;
      }
      foreign_frame expected{payload};
      if (role == ws_role::client) expected.key = std::string(4, '\0');
      ASSERT_EQ(b.below.written, expected.bytes()) << size;
    }
  }
}

TEST(WebsocketStream, ReadsWhatWasInTheFramesOfOneRead) {
  bench b;
  b.below.incoming = foreign_frame{"one", 0x02, "\x01\x02\x03\x04", 0}.bytes() +
                     foreign_frame{"", 0x00, zero_key, 8}.bytes() +
                     foreign_frame{"two", 0x80, zero_key}.bytes();
  const auto in = b.read();
  EXPECT_EQ(b.got, "onetwo");
  EXPECT_FALSE(in.again);
  EXPECT_EQ(b.read().what, io::blocked);
  EXPECT_FALSE(b.stream.holds_memory());
}

TEST(WebsocketStream, WhereverAReadIsCutTheSameComesOut) {
  std::mt19937 noise(5);
  for (int round = 0; round < 200; ++round) {
    bench b;
    std::string wire;
    std::string payload;
    test::random_frames frames(noise, ws_role::client);
    for (int i = 0; i < 8; ++i) {
      const auto frame = frames.next(300);
      wire += frame.bytes() + (noise() % 4 == 0 ? ping("?") : "");
      payload += frame.payload;
    }
    std::string got;
    for (std::size_t at = 0; at < wire.size();) {
      const auto step = std::min<std::size_t>(1 + noise() % 40, wire.size() - at);
      b.below.incoming = wire.substr(at, step);
      at += step;
      while (b.read().what == io::moved) got += b.got;
    }
    ASSERT_EQ(got, payload) << round;
  }
}

TEST(WebsocketStream, AReadWithoutPayloadIsNotTheEnd) {
  bench b;
  b.below.incoming = "\x82\x85\0\0\0\0h"s;
  EXPECT_EQ(b.read().bytes, 1U);
  b.below.incoming = "\x82"s;
  bench c;
  c.below.incoming = "\x82"s;
  EXPECT_EQ(c.read().what, io::blocked) << "a part of a header, and nothing more below";
  c.below.incoming = "\x80\0\0\0\0"s;
  c.below.ended = true;
  const auto empty = c.read();
  EXPECT_EQ(empty.what, io::moved);
  EXPECT_TRUE(empty.again) << "below has more to say";
  EXPECT_EQ(c.read().what, io::end);
}

// Spec 9.2, hazard 3: bytes behind the head are kept on our side.
TEST(WebsocketStream, BytesBehindTheHeadComeFirst) {
  const auto come = data("early", "") + "\x82\x04"s;
  bench b(ws_role::client, come);
  b.below.incoming = "late";
  EXPECT_TRUE(b.stream.holds_memory());
  auto in = b.read();
  EXPECT_EQ(b.got, "early");
  EXPECT_TRUE(in.again) << "below may have had something all the time";
  EXPECT_FALSE(b.stream.holds_memory());
  b.read();
  EXPECT_EQ(b.got, "late");
}

// Issue: pings are answered.
TEST(WebsocketStream, AnswersPings) {
  bench server;
  server.below.incoming = ping("one") + data("x") + ping("");
  EXPECT_EQ(server.read().bytes, 1U);
  EXPECT_EQ(server.below.written, "\x8a\x03one\x8a\x00"s);
  EXPECT_FALSE(server.stream.holds_memory());
  bench client(ws_role::client);
  client.below.incoming = ping("one", "");
  EXPECT_EQ(client.read().what, io::blocked);
  EXPECT_EQ(client.below.written, "\x8a\x83\0\0\0\0one"s);
}

TEST(WebsocketStream, APongThatIsBlockedLeavesWithAFlush) {
  bench b;
  b.below.takes = 2;
  b.below.incoming = ping("one");
  EXPECT_EQ(b.read().what, io::blocked);
  EXPECT_EQ(b.stream.flush().what, io::blocked);
  EXPECT_TRUE(b.stream.holds_memory());
  b.below.takes = SIZE_MAX;
  EXPECT_EQ(b.stream.flush().what, io::moved);
  EXPECT_EQ(b.below.written, "\x8a\x03one");
  EXPECT_FALSE(b.stream.holds_memory());
}

TEST(WebsocketStream, APongWaitsForTheFrameThatWasBegun) {
  for (std::size_t takes = 0; takes < 7; ++takes) {
    bench b;
    b.below.takes = takes;
    std::size_t sent = b.write("hello").bytes;
    b.below.incoming = ping("?");
    EXPECT_EQ(b.read().what, io::blocked);
    EXPECT_EQ(b.stream.flush().what, io::blocked);
    EXPECT_EQ(b.below.written.size(), takes) << "the frame comes first, even if none of it went";
    b.below.takes = SIZE_MAX;
    sent += b.write(std::string_view("hello").substr(sent)).bytes;
    EXPECT_EQ(sent, 5U);
    EXPECT_EQ(b.below.written, "\x82\x05hello\x8a\x01?") << takes;
  }
}

TEST(WebsocketStream, AFrameWaitsForThePongThatWasBegun) {
  bench b;
  b.below.takes = 1;
  b.below.incoming = ping("?");
  b.read();
  EXPECT_EQ(b.write("hello").what, io::blocked);
  b.below.takes = SIZE_MAX;
  EXPECT_EQ(b.write("hello").bytes, 5U);
  EXPECT_EQ(b.below.written, "\x8a\x01?\x82\x05hello");
}

TEST(WebsocketStream, PingsOfAPeerThatReadsNothingAreNotHoarded) {
  bench b;
  b.below.takes = 0;
  for (int i = 0; i < 100; ++i) {
    b.below.incoming = ping(std::string(125, 'p'));
    EXPECT_EQ(b.read().what, io::blocked);
  }
  b.below.incoming = ping("the newest");
  b.read();
  b.below.takes = SIZE_MAX;
  EXPECT_EQ(b.stream.flush().what, io::moved);
  EXPECT_GT(b.below.written.size(), 127U);
  EXPECT_LE(b.below.written.size(), 1200U);
  EXPECT_TRUE(b.below.written.ends_with("\x8a\x0athe newest")) << "it answers all before it";
  EXPECT_EQ((b.below.written.size() - 12) % 127, 0U) << "whole pongs";
  EXPECT_FALSE(b.stream.holds_memory());
}

// Issue: a received close is echoed; spec 9.2: it is the end, what follows means nothing.
TEST(WebsocketStream, ACloseIsTheEndAndIsEchoedBehindWhatIsStillSent) {
  bench b;
  b.below.incoming =
      data("bye") + foreign_frame{"\x03\xe8why", 0x88, "abcd", 0}.bytes() + data("ignored");
  const auto in = b.read();
  EXPECT_EQ(b.got, "bye");
  EXPECT_TRUE(in.again);
  EXPECT_EQ(b.read().what, io::end);
  EXPECT_EQ(b.read().what, io::end);
  EXPECT_EQ(b.write("answer").bytes, 6U);
  EXPECT_EQ(b.stream.flush().what, io::moved);
  EXPECT_EQ(b.stream.shutdown_write().what, io::moved);
  EXPECT_EQ(b.below.written,
            "\x82\x06"
            "answer\x88\x05\x03\xe8why");
  EXPECT_TRUE(b.below.shut);
  EXPECT_FALSE(b.stream.holds_memory());
}

TEST(WebsocketStream, ABlockedEchoIsRepeatedWithTheEnd) {
  bench b(ws_role::client);
  b.below.incoming = "\x88\x00"s;
  EXPECT_EQ(b.read().what, io::end);
  b.below.takes = 3;
  EXPECT_EQ(b.stream.shutdown_write().what, io::blocked);
  EXPECT_FALSE(b.below.shut);
  b.below.takes = SIZE_MAX;
  b.below.shutdowns_to_block = 1;
  EXPECT_EQ(b.stream.shutdown_write().what, io::blocked);
  EXPECT_EQ(b.stream.shutdown_write().what, io::moved);
  EXPECT_EQ(b.below.written, "\x88\x80\0\0\0\0"s);
  EXPECT_TRUE(b.below.shut);
}

// Spec 9.2, "end of stream sent": no close frame, and it works as a half-close.
TEST(WebsocketStream, TheEndIsSentWithoutACloseFrame) {
  bench b;
  b.write("all");
  EXPECT_EQ(b.stream.shutdown_write().what, io::moved);
  EXPECT_EQ(b.below.written,
            "\x82\x03"
            "all");
  b.below.incoming = data("more") + ping("?") + "\x88\x80\0\0\0\0"s;
  b.read();
  EXPECT_EQ(b.got, "more");
  EXPECT_EQ(b.read().what, io::end);
  EXPECT_EQ(b.below.written,
            "\x82\x03"
            "all")
      << "nothing is sent behind the end";
}

TEST(WebsocketStream, AnEndBetweenFramesIsOneAndWithinAFrameIsNone) {
  const auto whole = data("one") + data("two");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    bench b;
    b.below.incoming = whole.substr(0, size);
    b.below.ended = true;
    io_result in;
    while ((in = b.read()).what == io::moved) {
    }
    if (size % 9 == 0) {
      EXPECT_EQ(in.what, io::end) << size;
    } else {
      EXPECT_EQ(in.what, io::failed) << size;
      EXPECT_EQ(in.ec, error_code(errc::truncated)) << size;
    }
  }
}

// RFC 6455, 7.1.7: the peer hears why, behind what it was sent, and sees an end.
TEST(WebsocketStream, WhatIsNoFrameFailsBehindWhatCameBefore) {
  const std::pair<std::string, wire::ws_errc> cases[] = {
      {"\x81\x04text", wire::ws_errc::not_masked},
      {"\x89\xfe\x00\x80"s, wire::ws_errc::long_control},
      {"\x0a\x80\0\0\0\0"s, wire::ws_errc::fragmented_control},
      {"\xc2\x81\0\0\0\0x"s, wire::ws_errc::reserved_bits},
      {"\x83\x81\0\0\0\0x"s, wire::ws_errc::unknown_opcode},
      {"\x80\x81\0\0\0\0x"s, wire::ws_errc::no_message},
      {"\x82\xff\x80\0\0\0\0\0\0\0"s, wire::ws_errc::long_frame},
  };
  for (const auto& [bytes, why] : cases) {
    bench b;
    b.below.incoming = data("before") + bytes + data("behind");
    const auto in = b.read();
    EXPECT_EQ(b.got, "before");
    EXPECT_TRUE(in.again);
    EXPECT_EQ(b.below.written, "") << "whoever writes does not know of it yet";
    EXPECT_EQ(b.read().ec, error_code(why));
    EXPECT_EQ(b.read().what, io::failed);
    EXPECT_EQ(b.below.written, "\x88\x02\x03\xea") << "once";
    b.stream.abort();
    EXPECT_TRUE(b.below.shut);
    EXPECT_FALSE(b.below.aborted) << "a reset would destroy it";
    bench alone;
    alone.below.incoming = bytes;
    EXPECT_EQ(alone.read().ec, error_code(why));
  }
}

TEST(WebsocketStream, AFailureThatCannotBeToldIsAReset) {
  const auto wrong = "\xc2\x80\0\0\0\0"s;
  bench within;  // a frame of ours
  within.below.takes = 3;
  within.write("hello");
  within.below.incoming = wrong;
  EXPECT_EQ(within.read().what, io::failed);
  bench blocked;
  blocked.below.takes = 0;
  blocked.below.incoming = wrong;
  EXPECT_EQ(blocked.read().what, io::failed);
  bench cut_off;  // not the peer's mistake
  cut_off.below.incoming = "\x82";
  cut_off.below.ended = true;
  io_result last;
  while ((last = cut_off.read()).what == io::moved) {
  }
  EXPECT_EQ(last.ec, error_code(errc::truncated));
  for (auto* each : {&within, &blocked, &cut_off}) {
    each->stream.abort();
    EXPECT_TRUE(each->below.aborted);
    EXPECT_FALSE(each->below.shut);
  }
  EXPECT_EQ(cut_off.below.written, "");
}

// RFC 6455, 7.4: it is no less an end, but the answer says what was wrong with it.
TEST(WebsocketStream, ACloseThatMakesNoSenseIsAnsweredWithWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"\x03", "\x88\x02\x03\xea"},           {"\x03\xed", "\x88\x02\x03\xea"},
      {"\x03\xe7", "\x88\x02\x03\xea"},       {"\x03\xe8\xff", "\x88\x02\x03\xef"},
      {"\x0f\xa0why", "\x88\x05\x0f\xa0why"}, {"", "\x88\x00"s}};
  for (const auto& [payload, answer] : cases) {
    bench b;
    b.below.incoming = foreign_frame{payload, 0x88, "abcd"}.bytes();
    EXPECT_EQ(b.read().what, io::end);
    EXPECT_EQ(b.stream.shutdown_write().what, io::moved);
    EXPECT_EQ(b.below.written, answer);
  }
}

TEST(WebsocketStream, AnUnsolicitedPongAndTextAreTaken) {
  bench b;
  b.below.incoming =
      foreign_frame{"", 0x8a, "abcd"}.bytes() + foreign_frame{"te", 0x01, "abcd"}.bytes() +
      foreign_frame{"pong", 0x8a, zero_key}.bytes() + foreign_frame{"xt", 0x80, "abcd"}.bytes();
  EXPECT_EQ(b.read().what, io::moved);
  EXPECT_EQ(b.got, "text");
  EXPECT_EQ(b.below.written, "");
  EXPECT_EQ(b.read().what, io::blocked);
  EXPECT_FALSE(b.stream.holds_memory());
}

std::string many(std::size_t count, const std::string& frame) {
  std::string made;
  while (count-- > 0) made += frame;
  return made;
}

// Others of the worker have their turn after as much work, whatever it moves.
TEST(WebsocketStream, SmallFramesCostWhatTheyCost) {
  for (const std::size_t size : {1U, 2U, 10U, 60U, 1000U}) {
    bench b;
    b.below.incoming = many(200'000 / (6 + size), data(std::string(size, 'x')));
    const auto total = b.below.incoming.size() / data(std::string(size, 'x')).size() * size;
    std::size_t payload = 0;
    std::size_t work = 0;
    for (io_result in; (in = b.read()).what == io::moved;) {
      EXPECT_LE(in.bytes + in.overhead, turn_budget / 4) << "no call does more";
      payload += in.bytes;
      work += in.bytes + in.overhead;
    }
    EXPECT_EQ(payload, total);
    EXPECT_GE(work, 200'000 / (6 + size) * 128) << "each frame is paid";
    EXPECT_FALSE(b.stream.holds_memory());
  }
}

TEST(WebsocketStream, WhatIsTooMuchForOneCallComesNext) {
  std::mt19937 noise(9);
  bench b;
  std::string payload;
  test::random_frames frames(noise, ws_role::client);
  for (int i = 0; i < 20'000; ++i) {
    auto frame = frames.next(3);
    if (frame.payload.empty()) frame.payload = "x";  // nothing that has a budget
    b.below.incoming += frame.bytes();
    payload += frame.payload;
  }
  std::string got;
  for (io_result in; (in = b.read()).what == io::moved;) {
    EXPECT_TRUE(in.again || b.below.incoming.empty());
    got += b.got;
  }
  EXPECT_TRUE(got == payload);
}

TEST(WebsocketStream, WhatCarriesNothingHasABudget) {
  for (const auto& frame : {ping(""), foreign_frame{"", 0x8a, zero_key}.bytes(), data("")}) {
    bench b;
    b.below.incoming = many(32, frame) + data("x");
    EXPECT_EQ(b.read().bytes, 1U);
    EXPECT_EQ(b.got, "x");
    b.below.incoming = many(60, frame) + data("y");
    const auto over = b.read();
    EXPECT_EQ(b.got, "y") << "served";
    EXPECT_GE(over.overhead, turn_budget) << "but behind all others";
    b.below.written.clear();
    b.below.incoming = many(300, frame) + data("z");
    EXPECT_EQ(b.read().bytes, 1U);
    EXPECT_EQ(b.read().ec, error_code(errc::flood));
    EXPECT_TRUE(b.below.written.ends_with("\x88\x02\x03\xf0")) << "told: policy";
  }
}

TEST(WebsocketStream, FailuresBelowAreItsOwn) {
  bench b;
  b.below.read_error = connection_reset();
  EXPECT_EQ(b.read().ec, connection_reset());
  b.below.write_error = connection_reset();
  EXPECT_EQ(b.write("x").ec, connection_reset());
  bench closing;
  closing.below.shutdown_error = connection_reset();
  EXPECT_EQ(closing.stream.shutdown_write().what, io::failed);
  bench pong;
  pong.below.write_error = connection_reset();
  pong.below.incoming = ping("?");
  EXPECT_EQ(pong.read().ec, connection_reset());
}

TEST(WebsocketStream, PassesTheRestOnToTheStreamBelow) {
  bench b;
  b.below.reset = connection_reset();
  b.below.unacknowledged = 7;
  EXPECT_EQ(b.stream.broken(), connection_reset());
  EXPECT_EQ(b.stream.unsent(), 7U);
  EXPECT_FALSE(b.stream.can_splice());
  b.stream.abort();
  EXPECT_TRUE(b.below.aborted);
  EXPECT_EQ(b.stream.flush().what, io::moved);
  EXPECT_EQ(b.below.flushes, 1);
}

TEST(WebsocketStream, IsSmall) { EXPECT_LE(sizeof(websocket_stream), 192U); }

}  // namespace
}  // namespace relay::transport
