// The handshakes of the transports, each side against scripted peers (spec 9.2, 9.3).
#include "support/layer_bench.hpp"
#include "support/websocket_frames.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

namespace relay::handshake {
namespace {

using namespace std::chrono_literals;
using test::foreign_frame;
using test::layer_bench;
using test::layer_end;
using test::layer_kinds;
using test::request;
using transport::io;
using transport::io_result;

/// A step under test and the scripted peer's end of its connection.
struct scripted {
  explicit scripted(const std::string& kind) : what(kind) {
    auto [near, far] = test::tcp_pair();
    peer = std::move(far);
    end.emplace(b, std::move(near));
  }

  /// Sends it byte by byte, each when the one before has been taken, then the rest at once.
  void feed(const std::string& singly, const std::string& rest) {
    next = [this, singly, rest, at = std::size_t{0}]() mutable {
      if (end->waiting() == 0) {
        const bool is_last = at + 1 == singly.size();
        test::send_all(peer.get(), singly.substr(at++, 1) + (is_last ? rest : ""));
        if (is_last) return;
      }
      b.later([this] { next(); });
    };
    b.later([this] { next(); });
  }
  const outcome& accept() {
    end->accept(what.in);
    b.finish();
    return result();
  }
  const outcome& dial() {
    end->dial(what.out);
    b.finish();
    return result();
  }
  const outcome& result() {
    if (!end->outcome) throw std::runtime_error("it has not ended");
    return *end->outcome;
  }
  /// The limit is over once what was sent has been taken.
  void let_time_pass() {
    b.when([this] { return end->waiting() == 0; }, [this] { b.later([this] { b.pass(11); }); });
  }

  layer_bench b;
  layer_kinds what;
  unique_fd peer;
  std::optional<layer_end> end;
  std::function<void()> next;
};

std::string key_in(const std::string& head) {
  const std::string name = "sec-websocket-key: ";
  const auto from = head.find(name) + name.size();
  return head.substr(from, head.find("\r\n", from) - from);
}

/// Plays a server: reads a request, then answers what `answer` makes of its key.
class scripted_server {
 public:
  scripted_server(int at, std::function<std::string(const std::string& key)> answer)
      : thread_([this, at, answer = std::move(answer)] {
          while (heard.find("\r\n\r\n") == heard.npos) {
            const auto more = test::read_exactly(at, 1);
            if (more.empty()) return;
            heard += more;
          }
          test::send_all(at, answer(key_in(heard)));
        }) {}
  ~scripted_server() { join(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  std::string heard;

 private:
  std::thread thread_;
};

const std::string half_hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);  // of TLS
const std::string hello("\x82\x80\0\0\0\0", 6);  // an empty frame with a zero key

// --- WebSocket, the clients' side

TEST(LayerSteps, AHeadMayComeByteByByteAndWhatIsBehindItIsKept) {
  scripted s("ws");
  s.feed(request(), foreign_frame{"payload", 0x82, "key!"}.bytes());
  EXPECT_FALSE(s.accept().ec) << s.result().more;
  EXPECT_EQ(test::read_exactly(s.peer.get(), 12), "HTTP/1.1 101");
  EXPECT_EQ(s.end->read(7), "payload");
}

TEST(LayerSteps, FramesOfAnyLengthMayLieInTheSegmentOfTheHead) {
  for (const std::size_t size : {1, 3000, 4096, 20000}) {
    scripted s("ws");
    const auto payload = test::pattern(size);
    test::send_all(s.peer.get(), request() + foreign_frame{payload, 0x82, "abcd"}.bytes());
    EXPECT_FALSE(s.accept().ec);
    EXPECT_EQ(s.end->read(size), payload);
  }
}

TEST(LayerSteps, TheReplyFitsTheKeyAndNothingElseIsSent) {
  scripted s("ws");
  test::send_all(s.peer.get(), request());
  EXPECT_FALSE(s.accept().ec);
  ::shutdown(s.end->bare.socket().fd(), SHUT_WR);
  EXPECT_EQ(test::read_to_end(s.peer.get()), wire::write_ws_reply("dGhlIHNhbXBsZSBub25jZQ=="));
}

TEST(LayerSteps, AWrongRequestIsAnsweredAsByAWebServerWhichWaitsUntilItIsRead) {
  const config::ws_options other_path{"a.example", "/y"};
  const config::ws_options other_host{"b.example", "/x"};
  for (const auto& [sent, why, answer] : std::vector<std::array<std::string, 3>>{
           {request(other_path), "another path", "HTTP/1.1 404 Not Found\r\n"},
           {request(other_host), "another host", "HTTP/1.1 404 Not Found\r\n"},
           {"GET / HTTP/1.1\r\nhost: a.example\r\n\r\n", "another path", "HTTP/1.1 404 "},
           {"\x16\x03\x01", "what came is not HTTP", "HTTP/1.1 400 "}}) {
    scripted s("ws");
    test::send_all(s.peer.get(), sent + std::string(5000, 'z'));  // read, so that nothing is reset
    std::string got;
    bool was_reset = true;
    std::thread visitor([&] {
      got = test::read_to_end(s.peer.get(), &was_reset);
      test::shut_write(s.peer.get());
    });
    EXPECT_EQ(s.accept().ec, errc::handshake_refused);
    visitor.join();
    EXPECT_EQ(s.result().more, why);
    EXPECT_EQ(got.substr(0, answer.size()), answer);
    EXPECT_FALSE(was_reset);
  }
}

TEST(LayerSteps, AVisitorWhoDoesNotLeaveIsLeftEvenWhereHandshakesHaveNoLimit) {
  for (const auto limit : {1000ms, 0ms}) {
    scripted s("ws");
    s.b.limit = limit;
    test::send_all(s.peer.get(), "GET / HTTP/1.1\r\n\r\n");
    s.b.when([&] { return test::waiting_at(s.peer.get()) > 0; },
             [&] { s.b.pass(limit.count() > 0 ? 11 : 101); });
    EXPECT_EQ(s.accept().ec, errc::handshake_refused);
  }
}

TEST(LayerSteps, AVisitorWhoSendsForEverIsLeftInTheEnd) {
  scripted s("ws");
  std::atomic<bool> is_over = false;
  std::thread visitor([&] {
    const std::string part(65536, 'z');
    test::send_all(s.peer.get(), "GET / HTTP/1.1\r\n\r\n");
    while (!is_over) (void)::send(s.peer.get(), part.data(), part.size(), MSG_NOSIGNAL);
  });
  EXPECT_EQ(s.accept().ec, errc::handshake_refused);
  is_over = true;
  visitor.join();
}

TEST(LayerSteps, SilenceIsTheOtherAnswerToAWrongRequest) {
  scripted s("ws");
  s.what.in.is_silent = true;
  test::send_all(s.peer.get(), "GET / HTTP/1.1\r\nhost: a.example\r\n\r\n");
  EXPECT_EQ(s.accept().ec, errc::handshake_refused);
  ::shutdown(s.end->bare.socket().fd(), SHUT_WR);
  EXPECT_EQ(test::read_to_end(s.peer.get()), "");
}

TEST(LayerSteps, AHeadThatDoesNotEndIsRefused) {
  scripted s("ws");
  s.what.in.is_silent = true;
  test::send_all(s.peer.get(), "GET /x HTTP/1.1\r\nx: " + std::string(9000, 'x'));
  EXPECT_EQ(s.accept().ec, errc::handshake_refused);
  EXPECT_EQ(s.result().more, "the head is longer than 8 KiB");
}

// --- visitors, where somebody else is to answer them

TEST(LayerSteps, AVisitorIsHandedOverWithEverythingItSaid) {
  const config::ws_options other_host{"b.example", "/x"};
  for (const auto& [sent, why] : std::vector<std::array<std::string, 2>>{
           {"GET / HTTP/1.1\r\nhost: a.example\r\n\r\n", "another path"},
           {"GET / HTTP/1.1\r\nhost: a.exa", "another request"},  // no need to hear the rest
           {"GET /\r\n", "another request"},
           {"GET /x HTTP/1.1\nhost: a.example\n\n", "another request"},
           {"\r\n", "another request"},
           {"\x16\x03\x01", "what came is not HTTP"},
           {request(other_host) + "\x82\x01x", "another host"}}) {
    scripted s("ws");
    s.what.in.hands_over = true;
    test::send_all(s.peer.get(), sent);
    EXPECT_EQ(s.accept().ec, errc::handshake_refused) << sent;
    EXPECT_TRUE(s.result().is_visitor);
    EXPECT_EQ(s.result().more, why);
    EXPECT_EQ(s.result().said, sent);
    EXPECT_EQ(&s.end->over.top(), &s.end->bare);
    ::shutdown(s.end->bare.socket().fd(), SHUT_WR);
    EXPECT_EQ(test::read_to_end(s.peer.get()), "") << "not a word from us";
  }
}

TEST(LayerSteps, WhatAVisitorSendsBehindItsHeadIsLeftOrGoesAlong) {
  scripted s("ws");
  s.what.in.hands_over = true;
  const auto sent = "GET / HTTP/1.1\r\n\r\n" + test::pattern(20000);
  test::send_all(s.peer.get(), sent);
  s.accept();
  const auto rest = s.end->read(sent.size() - s.result().said.size());
  EXPECT_EQ(s.result().said + rest, sent);
}

TEST(LayerSteps, ARequestThatBreaksOffOrTakesTooLongIsAVisitors) {
  const auto half = request().substr(0, 60);
  for (const bool ends : {true, false}) {
    scripted s("ws");
    s.what.in.hands_over = true;
    test::send_all(s.peer.get(), half);
    if (ends) test::shut_write(s.peer.get());
    if (!ends) s.let_time_pass();
    EXPECT_EQ(s.accept().ec, ends ? errc::truncated : errc::timed_out);
    EXPECT_TRUE(s.result().is_visitor);
    EXPECT_EQ(s.result().said, half);
  }
  scripted silent("ws");
  silent.what.in.hands_over = true;
  silent.let_time_pass();
  EXPECT_EQ(silent.accept().ec, errc::timed_out);
  EXPECT_TRUE(silent.result().is_visitor) << "a web server has its own patience";
}

TEST(LayerSteps, WhoGoesWithoutAWordIsNoVisitor) {
  for (const std::string kind : {"ws", "tls", "wss"}) {
    for (const bool resets : {false, true}) {
      scripted s(kind);
      s.what.in.hands_over = true;
      if (resets) test::reset(std::move(s.peer));
      if (!resets) test::shut_write(s.peer.get());
      EXPECT_TRUE(s.accept().ec);
      EXPECT_FALSE(s.result().is_visitor) << kind;
    }
  }
}

TEST(LayerSteps, WhatIsNoTlsIsHandedOverAsItIs) {
  for (const std::string kind : {"tls", "wss"}) {
    for (const std::string sent : {"GET / HTTP/1.1\r\n\r\n", "S", "\x16\x02", "\x80\x2e\x01"}) {
      scripted s(kind);
      s.what.in.hands_over = true;
      test::send_all(s.peer.get(), sent);
      EXPECT_EQ(s.accept().ec.message(), "the peer does not speak TLS here");
      EXPECT_TRUE(s.result().is_visitor) << kind;
      EXPECT_EQ(s.result().said, "");
      EXPECT_EQ(s.end->read(sent.size()), sent) << "it waits in the socket";
      EXPECT_EQ(s.end->over.tls(), nullptr);
    }
    scripted slow(kind);  // it may become TLS, and in TLS nobody else can answer
    slow.what.in.hands_over = true;
    test::send_all(slow.peer.get(), "\x16");
    slow.b.when([&] { return slow.end->waiting() == 1; },
                [&] { slow.b.later([&] { slow.b.pass(11); }); });
    EXPECT_EQ(slow.accept().ec, errc::timed_out);
    EXPECT_FALSE(slow.result().is_visitor);
  }
}

// --- what a client has to show before anything is made for it

TEST(LayerSteps, ASilentClientHasNoSessionAndIsLeftAtTheLimit) {
  for (const std::string kind : {"ws", "tls", "wss"}) {
    scripted s(kind);
    s.b.limit = 1s;
    s.let_time_pass();
    EXPECT_EQ(s.accept().ec, errc::timed_out) << kind;
    EXPECT_FALSE(s.result().begun);
    EXPECT_EQ(s.end->over.tls(), nullptr);
    EXPECT_EQ(std::string(s.result().phase),
              kind == "ws" ? "WebSocket handshake" : "TLS handshake");
  }
}

TEST(LayerSteps, AnOldEventOfAnEmptySocketIsNoFirstByte) {
  scripted s("tls");
  s.end->bare.socket().mark(net::seen::readable);  // a step before this one took what there was
  s.let_time_pass();
  EXPECT_EQ(s.accept().ec, errc::timed_out);
  EXPECT_EQ(s.end->over.tls(), nullptr);
}

TEST(LayerSteps, WhoOnlyLooksWhetherThePortIsOpenHasNotBegun) {
  for (const std::string kind : {"ws", "tls", "wss"}) {
    scripted ends(kind);
    test::shut_write(ends.peer.get());
    EXPECT_EQ(ends.accept().ec, errc::truncated) << kind;
    EXPECT_FALSE(ends.result().begun) << kind;
    scripted resets(kind);
    test::reset(std::move(resets.peer));
    EXPECT_EQ(resets.accept().ec.value(), ECONNRESET) << kind;
    EXPECT_FALSE(resets.result().begun) << kind;
  }
}

TEST(LayerSteps, WhoEndsInTheMiddleHasBegun) {
  for (const std::string kind : {"ws", "tls", "wss"}) {
    scripted s(kind);
    test::send_all(s.peer.get(), kind == "ws" ? request().substr(0, 40) : half_hello);
    test::shut_write(s.peer.get());
    EXPECT_EQ(s.accept().ec, errc::truncated) << kind;
    EXPECT_TRUE(s.result().begun) << kind;
  }
}

TEST(LayerSteps, NoByteMakesTheLimitLonger) {
  for (const std::string kind : {"ws", "tls"}) {
    scripted s(kind);
    // Less than the record that the hello begins, and more than is sent before anybody has a turn.
    const auto sent = kind == "ws" ? request() : half_hello + std::string(400, '\0');
    std::size_t at = 0;
    s.next = [&] {  // a byte, then a third of the limit, over and over
      // The beginning of TLS is left in the socket.
      if ((kind == "tls" || s.end->waiting() == 0) && !s.end->outcome) {
        test::send_all(s.peer.get(), sent.substr(at++, 1));
        s.b.pass(3);
      }
      if (at < sent.size()) s.b.later([&] { s.next(); });
    };
    s.b.later([&] { s.next(); });
    EXPECT_EQ(s.accept().ec, errc::timed_out) << kind;
    EXPECT_TRUE(s.result().begun);
    EXPECT_LT(at, sent.size()) << "not all of them were waited for";
  }
}

// --- TLS, the clients' side

TEST(LayerSteps, NothingIsMadeBeforeTheFirstRecordIsThere) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{4}, std::size_t{5}, half_hello.size()}) {
    scripted s("tls");
    test::send_all(s.peer.get(), half_hello.substr(0, size));
    s.b.when([&] { return s.end->waiting() == static_cast<int>(size); },
             [&] { s.b.later([&] { s.b.pass(11); }); });
    EXPECT_EQ(s.accept().ec, errc::timed_out) << size;
    EXPECT_TRUE(s.result().begun);
    EXPECT_EQ(s.end->over.tls(), nullptr);
    EXPECT_EQ(s.end->waiting(), static_cast<int>(size)) << "it is still in the socket";
  }
}

TEST(LayerSteps, WhatIsNoTlsIsRefusedAtOnce) {
  for (const std::string sent : {"GET / HTTP/1.1\r\nhost: a.example\r\n\r\n",
                                 "\x01\x02\x03\x04\x05\x06", "SSH-2.0-OpenSSH_9.2\r\n", "G"}) {
    scripted s("tls");
    test::send_all(s.peer.get(), sent);
    EXPECT_TRUE(s.accept().ec) << sent;
    EXPECT_NE(s.result().ec, errc::timed_out);
    EXPECT_EQ(std::string(s.result().phase), "TLS handshake");
    EXPECT_EQ(s.result().ec.message(), "the peer does not speak TLS here");
    EXPECT_TRUE(s.result().begun);
    EXPECT_EQ(s.end->over.tls(), nullptr);
    s.end->bare.socket().close();
    bool was_reset = true;
    EXPECT_EQ(test::read_to_end(s.peer.get(), &was_reset), "");
    EXPECT_FALSE(was_reset) << "what it had sent was taken";
  }
}

// --- WebSocket, the remote's side

TEST(LayerSteps, ARequestIsAllThatIsSentBeforeTheReply) {
  scripted s("ws");
  scripted_server server(s.peer.get(), [&](const std::string& key) {
    EXPECT_EQ(test::waiting_at(s.peer.get()), 0) << "a real peer loses what comes with the head";
    return wire::write_ws_reply(key);
  });
  EXPECT_FALSE(s.dial().ec) << s.result().more;
  server.join();
  EXPECT_EQ(server.heard.rfind("GET /x HTTP/1.1\r\nhost: a.example\r\n", 0), 0U) << server.heard;
  EXPECT_EQ(test::read_exactly(s.peer.get(), hello.size()), hello) << "it tells that it is there";
}

TEST(LayerSteps, WhoHasPayloadNeedNotTellThatItIsThere) {
  scripted s("ws");
  s.end->speaks = true;
  scripted_server server(s.peer.get(),
                         [&](const std::string& key) { return wire::write_ws_reply(key); });
  EXPECT_FALSE(s.dial().ec) << s.result().more;
  server.join();
  s.end->write("x");
  EXPECT_EQ(test::read_exactly(s.peer.get(), 7), std::string("\x82\x81\0\0\0\0x", 7));
}

TEST(LayerSteps, AReplyMayComeByteByByteAndWhatIsBehindItIsKept) {
  scripted s("ws");
  scripted_server server(s.peer.get(), [&](const std::string& key) {
    const auto reply = wire::write_ws_reply(key);
    s.b.later([&s, reply] { s.feed(reply, foreign_frame{"banner"}.bytes()); });
    return std::string();
  });
  EXPECT_FALSE(s.dial().ec) << s.result().more;
  EXPECT_EQ(s.end->read(6), "banner");
}

TEST(LayerSteps, AWrongReplyIsRefused) {
  using answer = std::function<std::string(const std::string&)>;
  const std::vector<std::pair<answer, std::string>> replies{
      {[](auto&) { return "HTTP/1.1 403 Forbidden\r\n\r\n"; }, "HTTP status 403 in place of 101"},
      {[](auto&) { return wire::write_ws_reply("another key"); },
       "`sec-websocket-accept` does not fit the key"},
      {[](auto&) { return "SSH-2.0-OpenSSH_9.2\r\n\r\n"; }, "what came is not HTTP"}};
  for (const auto& [reply, why] : replies) {
    scripted s("ws");
    scripted_server server(s.peer.get(), reply);
    EXPECT_EQ(s.dial().ec, errc::handshake_refused);
    EXPECT_EQ(s.result().more, why);
    EXPECT_EQ(std::string(s.result().phase), "WebSocket handshake");
  }
}

TEST(LayerSteps, AServerThatEndsOrResetsInPlaceOfAReplyHasFailed) {
  for (const bool resets : {false, true}) {
    scripted s("ws");
    s.b.when([&] { return test::waiting_at(s.peer.get()) > 0; },
             [&] {
               if (!resets) return test::shut_write(s.peer.get());
               test::reset(std::move(s.peer));
             });
    EXPECT_TRUE(s.dial().ec);
    EXPECT_EQ(s.result().ec == errc::truncated, !resets) << s.result().ec.message();
  }
}

TEST(LayerSteps, WhatAServerSaidBeforeItResetIsStillDelivered) {
  scripted s("ws");
  std::string heard(4096, '\0');
  s.b.when([&] { return test::waiting_at(s.peer.get()) > 0; },
           [&] {  // reply, payload and reset are there before the step goes on
             const auto count = ::recv(s.peer.get(), heard.data(), heard.size(), 0);
             heard.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
             test::send_all(s.peer.get(), wire::write_ws_reply(key_in(heard)) +
                                              foreign_frame{"too busy"}.bytes());
             test::send_all(s.end->bare.socket().fd(), "x");  // unread, so that closing resets
             s.peer.reset();
           });
  EXPECT_FALSE(s.dial().ec) << s.result().ec.message();
  io_result last;
  EXPECT_EQ(s.end->read(0, &last), "too busy");
  EXPECT_EQ(last.what, io::failed);
}

TEST(LayerSteps, ASilentServerHasUntilTheLimit) {
  for (const std::string kind : {"ws", "tls", "wss"}) {
    scripted s(kind);
    s.b.when([&] { return test::waiting_at(s.peer.get()) > 0; }, [&] { s.b.pass(11); });
    EXPECT_EQ(s.dial().ec, errc::timed_out) << kind;
    EXPECT_FALSE(s.result().begun && kind == "ws");
  }
}

}  // namespace
}  // namespace relay::handshake
