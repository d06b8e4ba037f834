#include "support/pump_bench.hpp"
#include "support/websocket_frames.hpp"

#include <relay/pump/session.hpp>
#include <relay/transport/websocket_stream.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <optional>

namespace relay::transport {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using pump::session_end;
using test::foreign_frame;
using wire::ws_role;

/// One side of the test: sends what it has and keeps what it hears.
struct talker {
  explicit talker(unique_fd& socket) : fd(socket) {}

  void go_on() {
    while (sent < says.size()) {
      const auto size = std::min(says.size() - sent, piece);
      const auto n = ::send(fd.get(), says.data() + sent, size, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
      if (piece < 4096) break;  // the pieces shall arrive one by one
    }
    if (sent == says.size() && then_ends && !std::exchange(has_ended, true)) {
      ::shutdown(fd.get(), SHUT_WR);
    }
    const auto n = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (n > 0) heard.append(buffer, 0, static_cast<std::size_t>(n));
    heard_end = heard_end || n == 0;
    failed = failed || (n < 0 && errno != EAGAIN);
  }

  unique_fd& fd;
  std::string says;
  std::size_t sent = 0;
  std::size_t piece = std::size_t{1} << 18;
  bool then_ends = false;
  bool has_ended = false;
  std::string heard;
  std::string buffer = std::string(std::size_t{1} << 18, '\0');
  bool heard_end = false;
  bool failed = false;
};

struct told final : pump::session::owner {
  void ended(pump::session& /*over*/, session_end reason, const error_code& ec) override {
    why = reason;
    error = ec;
  }
  std::optional<session_end> why;
  error_code error;
};

/// client – plain | session | ws – ws | session | plain – server, all on one poller.
struct chain : test::pump_bench {
  explicit chain(std::size_t most_pipes = 8) : pump_bench(most_pipes) {
    auto [left, right] = test::tcp_pair();
    if (near_carrier.socket().attach(std::move(left), net::seen::writable) ||
        far_carrier.socket().attach(std::move(right), net::seen::writable)) {
      throw std::runtime_error("attach");
    }
    near_session.start(client_end.stream, near_ws);
    far_session.start(far_ws, server_end.stream);
  }
  /// Until both sides have heard so much, or the end.
  void run(std::size_t server_hears, std::size_t client_hears) {
    const auto heard = [&] {
      return server.heard.size() >= server_hears && client.heard.size() >= client_hears;
    };
    EXPECT_TRUE(test::turn_until(poller,
                                 [&] {
                                   client.go_on();
                                   server.go_on();
                                   return heard() && (!client.then_ends || server.heard_end) &&
                                          (!server.then_ends || client.heard_end);
                                 }))
        << server.heard.size() << " and " << client.heard.size() << " bytes";
  }

  test::plain_end client_end{*this};
  test::plain_end server_end{*this};
  plain_stream near_carrier{poller};
  plain_stream far_carrier{poller};
  websocket_stream near_ws{near_carrier, ws_role::client};
  websocket_stream far_ws{far_carrier, ws_role::server};
  told near_told;
  told far_told;
  pump::session near_session{shared, near_told, 10s};
  pump::session far_session{shared, far_told, 10s};
  talker client{client_end.peer};
  talker server{server_end.peer};
};

TEST(WebsocketChain, SmallMessagesGoBothWays) {
  chain c;
  for (int i = 0; i < 50; ++i) {
    c.client.says += "question";
    c.server.says += "answer";
    c.run(c.client.says.size(), c.server.says.size());
  }
  EXPECT_EQ(c.server.heard, c.client.says);
  EXPECT_EQ(c.client.heard, c.server.says);
  EXPECT_EQ(c.pipes.taken(), 0U);
  EXPECT_FALSE(c.near_ws.holds_memory() || c.far_ws.holds_memory());
}

TEST(WebsocketChain, EveryByteArrivesBothWaysSplicedOrCopied) {
  for (const std::size_t pipes : {8U, 0U}) {
    chain c(pipes);
    c.client.says = test::pattern(std::size_t{8} << 20, 1);
    c.server.says = test::pattern((std::size_t{6} << 20) + 77, 2);
    c.client.then_ends = c.server.then_ends = true;
    c.run(c.client.says.size(), c.server.says.size());
    EXPECT_TRUE(c.server.heard == c.client.says);
    EXPECT_TRUE(c.client.heard == c.server.says);
    EXPECT_EQ(c.pipes.taken() > 0, pipes > 0);
    EXPECT_TRUE(c.near_told.why && c.far_told.why);
    EXPECT_FALSE(c.near_told.error || c.far_told.error);
  }
}

TEST(WebsocketChain, OneByteAtATimeArrives) {
  chain c;
  c.client.says = test::pattern(500);
  c.client.piece = 1;
  c.client.then_ends = true;
  c.run(500, 0);
  EXPECT_EQ(c.server.heard, c.client.says);
}

// Spec 9.2: the end is the FIN alone, and works as a half-close between our own ends.
TEST(WebsocketChain, AHalfCloseIsPassedOn) {
  chain c;
  c.client.says = "question";
  c.client.then_ends = true;
  c.run(8, 0);
  EXPECT_FALSE(c.client.heard_end);
  EXPECT_FALSE(c.near_told.why);
  c.server.says = test::pattern(3'000'000);
  c.server.then_ends = true;
  c.run(8, 3'000'000);
  EXPECT_EQ(c.client.heard, c.server.says);
  EXPECT_EQ(c.near_told.why, session_end::client_eof);
  EXPECT_EQ(c.far_told.why, session_end::client_eof);
}

TEST(WebsocketChain, AResetIsPassedOnAsAReset) {
  chain c;
  c.client.says = "question";
  c.run(8, 0);
  test::reset(std::move(c.client_end.peer));
  EXPECT_TRUE(test::turn_until(c.poller, [&] { return c.near_told.why.has_value(); }));
  EXPECT_EQ(c.near_told.why, session_end::reset_by_client);
  EXPECT_TRUE(c.near_carrier.socket().fd() >= 0);
  c.near_carrier.socket().close();  // as its owner does
  EXPECT_TRUE(test::turn_until(c.poller, [&] { return c.far_told.why.has_value(); }));
  EXPECT_EQ(c.far_told.why, session_end::reset_by_client);
}

TEST(WebsocketChain, BulkAndMessagesTakeTurns) {
  chain c;
  for (int i = 0; i < 4; ++i) {
    c.client.says += test::pattern(std::size_t{2} << 20, static_cast<unsigned>(i));
    c.run(c.client.says.size(), c.server.says.size());
    for (int j = 0; j < 20; ++j) {
      c.client.says += "drop";
      c.server.says += "reply";
      c.run(c.client.says.size(), c.server.says.size());
    }
  }
  EXPECT_TRUE(c.server.heard == c.client.says);
  EXPECT_EQ(c.client.heard, c.server.says);
}

/// A foreign client on the wire, our server, a plain back end.
struct foreign : test::pump_bench {
  explicit foreign(std::size_t most_pipes = 8) : pump_bench(most_pipes) {
    running.start(ws, server_end.stream);
  }
  bool run(const std::function<bool()>& done) {
    return test::turn_until(poller, [&] {
      client.go_on();
      server.go_on();
      return done();
    });
  }

  test::plain_end carrier{*this};
  test::plain_end server_end{*this};
  websocket_stream ws{carrier.stream, ws_role::server};
  told end;
  pump::session running{shared, end, 10s};
  talker client{carrier.peer};
  talker server{server_end.peer};
};

// Spec 9.2, hazard 1; frames of all sizes, some masked, cut wherever sockets cut them.
TEST(WebsocketChain, FramesOfForeignClientsAreTakenApart) {
  std::mt19937 noise(6);
  for (const std::size_t piece : {std::size_t{1} << 18, std::size_t{1460}, std::size_t{333}}) {
    foreign f;
    std::string payload;
    std::string pongs;
    test::random_frames frames(noise, ws_role::client);
    const std::size_t total = piece < 4096 ? 200'000 : 6'000'000;
    while (payload.size() < total) {
      const std::size_t most[] = {100, 5000, 20'000, 1'000'000};
      const auto frame = frames.next(most[noise() % 4]);
      f.client.says += frame.bytes();
      payload += frame.payload;
      if (noise() % 3 != 0) continue;
      f.client.says += foreign_frame{"?", 0x89, "abcd"}.bytes();
      pongs += "\x8a\x01?";
    }
    f.client.piece = piece;
    f.client.then_ends = true;
    EXPECT_TRUE(f.run([&] { return f.server.heard_end && f.client.heard.size() >= pongs.size(); }));
    EXPECT_TRUE(f.server.heard == payload) << piece;
    EXPECT_TRUE(f.client.heard == pongs);
  }
}

TEST(WebsocketChain, BareBulkFramesAreSplicedAndEqualTheCopy) {
  for (const std::size_t pipes : {8U, 0U}) {
    foreign f(pipes);
    std::string payload;
    for (int i = 0; i < 40; ++i) {
      const auto part = test::pattern(static_cast<std::size_t>(i % 4 == 3 ? 3000 : 262'144),
                                      static_cast<unsigned>(i));
      f.client.says += foreign_frame{part, 0x82, test::zero_key}.bytes();
      payload += part;
    }
    f.client.then_ends = true;
    EXPECT_TRUE(f.run([&] { return f.server.heard_end; }));
    EXPECT_TRUE(f.server.heard == payload);
    EXPECT_EQ(f.pipes.taken() > 0, pipes > 0);
  }
}

TEST(WebsocketChain, AnAnswerPrecedesTheEchoOfAClose) {
  foreign f;
  f.client.says = foreign_frame{"question", 0x82, "abcd"}.bytes() +
                  foreign_frame{"\x03\xe8", 0x88, "abcd"}.bytes();
  EXPECT_TRUE(f.run([&] { return f.server.heard_end; }));
  EXPECT_EQ(f.server.heard, "question");
  f.server.says = "answer";
  f.server.then_ends = true;
  EXPECT_TRUE(f.run([&] { return f.client.heard_end; }));
  EXPECT_EQ(f.client.heard,
            "\x82\x06"
            "answer\x88\x02\x03\xe8");
  EXPECT_EQ(f.end.why, session_end::client_eof);
}

TEST(WebsocketChain, WhatIsNoFrameIsRefusedAndTheBackEndSeesNoEnd) {
  foreign f;
  f.client.says =
      foreign_frame{"first", 0x81, "abcd"}.bytes() + foreign_frame{"second", 0xc2, "abcd"}.bytes();
  EXPECT_TRUE(f.run([&] { return f.server.heard == "first" && f.end.why.has_value(); }));
  EXPECT_EQ(f.end.why, session_end::client_error);
  EXPECT_EQ(f.end.error, error_code(wire::ws_errc::reserved_bits));
  f.server_end.stream.socket().close();  // as its owner does
  f.carrier.stream.socket().close();
  EXPECT_TRUE(f.run([&] { return f.server.failed; })) << "a reset, not an end";
  EXPECT_FALSE(f.server.heard_end);
  EXPECT_TRUE(f.run([&] { return f.client.heard_end; })) << "it sees an end, behind";
  EXPECT_EQ(f.client.heard, "\x88\x02\x03\xea") << "the reason";
}

TEST(WebsocketChain, AnEndWithinAFrameIsAnError) {
  foreign f;
  f.client.says = "\x82\x85\0\0\0\0hel"s;
  f.client.then_ends = true;
  EXPECT_TRUE(f.run([&] { return f.end.why.has_value(); }));
  EXPECT_EQ(f.end.why, session_end::truncated);
  EXPECT_EQ(f.end.error, error_code(errc::truncated));
}

}  // namespace
}  // namespace relay::transport
