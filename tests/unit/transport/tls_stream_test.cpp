#include "support/tls_bench.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace relay::transport {
namespace {

using test::read_from;
using test::tls_bench;
using test::tls_link;
using test::write_to;

struct established : tls_bench {
  explicit established(int buffers = 0, int version = TLS1_3_VERSION)
      : accepting(server()), dialling(client()), link(*this, *dialling, *accepting, buffers) {
    SSL_set_max_proto_version(link.client_ssl, version);
    EXPECT_TRUE(link.shake()) << link.client_result.ec.message() << " / "
                              << link.server_result.ec.message();
  }
  std::shared_ptr<tls_server> accepting;
  std::shared_ptr<tls_client> dialling;
  tls_link link;
};

TEST(TlsStream, MovesBytesBothWaysInBothVersions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    established b(0, version);
    EXPECT_EQ(SSL_version(b.link.server_ssl), version);
    ASSERT_TRUE(write_to(b, b.link.client, "question"));
    EXPECT_EQ(read_from(b, b.link.server, 8), "question");
    ASSERT_TRUE(write_to(b, b.link.server, "answer"));
    EXPECT_EQ(read_from(b, b.link.client, 6), "answer");
  }
}

TEST(TlsStream, PrefersAes128AndX25519) {
  established b;
  EXPECT_EQ(b.link.server.describe(), "TLSv1.3, TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(SSL_get_negotiated_group(b.link.server_ssl), NID_X25519);
  established old(0, TLS1_2_VERSION);
  EXPECT_EQ(old.link.server.describe(), "TLSv1.2, ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST(TlsStream, AReadThatEmptiesTheSocketAsksForNoOther) {
  established b;
  ASSERT_TRUE(write_to(b, b.link.client, "hello"));
  std::array<std::byte, 65536> buffer{};
  io_result in;
  ASSERT_TRUE(test::turn_until(b.poller, [&] {
    in = b.link.server.read_some(buffer);
    return in.what != io::blocked;
  }));
  EXPECT_EQ(in.bytes, 5U);
  EXPECT_FALSE(in.again);
  EXPECT_EQ(b.link.server.read_some(buffer).what, io::blocked);
}

// Else the last bytes of each frame would be a record, and a system call, of their own.
TEST(TlsStream, ACopyBufferWithAHeaderInFrontIsTakenAtOnce) {
  established b(1 << 20);
  auto whole = test::pattern(stream::headroom + 64 * 1024);
  const auto out = b.link.client.write_some(std::as_writable_bytes(std::span(whole)));
  EXPECT_EQ(out.what, io::moved);
  EXPECT_EQ(out.bytes, whole.size());
  EXPECT_EQ(read_from(b, b.link.server, whole.size()), whole);
}

TEST(TlsStream, RecordsOfOneByteArriveTogether) {
  established b;
  const auto want = test::pattern(500);
  for (const char each : want) ASSERT_TRUE(write_to(b, b.link.client, std::string(1, each)));
  EXPECT_EQ(read_from(b, b.link.server, 500), want);
}

// Whatever the reader offers, nothing is lost and nothing waits unannounced.
TEST(TlsStream, BytesArriveWholeInBuffersOfEverySize) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    established b(0, version);
    for (const std::size_t size : {1U, 7U, 100U, 4096U, 16384U, 16385U, 50000U, 65536U, 262144U}) {
      const auto sent = test::pattern(std::max<std::size_t>(size * 3 + 1, 40000), 5);
      std::string got;
      std::string part(size, '\0');
      auto copy = sent;
      auto rest = std::as_writable_bytes(std::span(copy));
      io_result in;
      ASSERT_TRUE(test::turn_until(b.poller,
                                   [&] {
                                     while (!rest.empty()) {
                                       const auto out = b.link.client.write_some(rest);
                                       if (out.what != io::moved) break;
                                       rest = rest.subspan(out.bytes);
                                     }
                                     b.link.client.flush();
                                     do {
                                       in = b.link.server.read_some(
                                           std::as_writable_bytes(std::span(part)));
                                       got.append(part, 0, in.bytes);
                                     } while (in.what == io::moved && in.again);
                                     return in.what == io::failed || got.size() == sent.size();
                                   }))
          << got.size() << " of " << sent.size() << " in pieces of " << size;
      EXPECT_EQ(got, sent) << size;
    }
  }
}

TEST(TlsStream, ASlowReaderIsBackPressureAndTheRestIsBounded) {
  established b(16384);
  auto data = test::pattern(std::size_t{4} << 20, 3);
  auto rest = std::as_writable_bytes(std::span(data));
  std::size_t taken = 0;
  for (;;) {
    const auto out = b.link.client.write_some(rest.subspan(taken));
    if (out.what == io::blocked) break;
    ASSERT_EQ(out.what, io::moved);
    taken += out.bytes;
    ASSERT_LT(taken, rest.size()) << "nothing holds it back";
  }
  EXPECT_TRUE(b.link.client.holds_bytes());
  EXPECT_GT(b.link.client.unsent(), b.link.client_below.unsent());
  EXPECT_LT(b.link.client.unsent() - b.link.client_below.unsent(), std::size_t{72} * 1024);
  std::string got;
  std::string part(65536, '\0');
  ASSERT_TRUE(test::turn_until(b.poller, [&] {
    b.link.client.flush();
    io_result in;
    do {
      in = b.link.server.read_some(std::as_writable_bytes(std::span(part)));
      got.append(part, 0, in.bytes);
    } while (in.what == io::moved && in.again);
    return got.size() >= taken;
  }));
  EXPECT_EQ(got, data.substr(0, taken));
  EXPECT_FALSE(b.link.client.holds_bytes()) << "idle, nothing is kept";
}

TEST(TlsStream, AnIdleStreamHoldsNoBuffer) {
  established b;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(write_to(b, b.link.client, "ping"));
    EXPECT_EQ(read_from(b, b.link.server, 4), "ping");
    ASSERT_TRUE(write_to(b, b.link.server, "pong"));
    EXPECT_EQ(read_from(b, b.link.client, 4), "pong");  // with the ticket in front, once
    EXPECT_FALSE(b.link.client.holds_bytes());
    EXPECT_FALSE(b.link.server.holds_bytes());
  }
}

TEST(TlsStream, AnEndIsPassedOnAndTheOtherDirectionLivesOn) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    established b(0, version);
    ASSERT_TRUE(write_to(b, b.link.client, "question"));
    ASSERT_EQ(b.link.client.shutdown_write().what, io::moved);
    io_result last;
    EXPECT_EQ(read_from(b, b.link.server, 0, &last), "question");
    EXPECT_EQ(last.what, io::end);
    const auto answer = test::pattern(300000, 9);
    std::string got;
    std::string part(65536, '\0');
    auto copy = answer;
    auto rest = std::as_writable_bytes(std::span(copy));
    ASSERT_TRUE(test::turn_until(b.poller, [&] {
      while (!rest.empty()) {
        const auto out = b.link.server.write_some(rest);
        if (out.what != io::moved) break;
        rest = rest.subspan(out.bytes);
      }
      if (rest.empty()) b.link.server.shutdown_write();
      do {
        last = b.link.client.read_some(std::as_writable_bytes(std::span(part)));
        got.append(part, 0, last.bytes);
      } while (last.what == io::moved && last.again);
      return last.what != io::blocked && last.what != io::moved;
    }));
    EXPECT_EQ(last.what, io::end);
    EXPECT_EQ(got, answer);
  }
}

TEST(TlsStream, AServerCanEndFirst) {
  established b;
  ASSERT_EQ(b.link.server.shutdown_write().what, io::moved);
  io_result last;
  EXPECT_EQ(read_from(b, b.link.client, 0, &last), "");
  EXPECT_EQ(last.what, io::end);
  ASSERT_TRUE(write_to(b, b.link.client, "still here"));
  EXPECT_EQ(read_from(b, b.link.server, 10), "still here");
}

// Old servers, and programs that close without a word, end like that; it is told.
TEST(TlsStream, AnEndWithoutCloseNotifyIsAnEndThatIsTold) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    established b(0, version);
    ASSERT_TRUE(write_to(b, b.link.client, "all of it"));
    ASSERT_EQ(b.link.client_below.shutdown_write().what, io::moved);
    io_result last;
    EXPECT_EQ(read_from(b, b.link.server, 0, &last), "all of it");
    EXPECT_EQ(last.what, io::end);
    EXPECT_EQ(last.ec, make_error_code(errc::truncated));
    ASSERT_TRUE(write_to(b, b.link.server, "an answer")) << "its direction only";
    EXPECT_EQ(read_from(b, b.link.client, 9), "an answer");
  }
}

TEST(TlsStream, AnEndWithoutCloseNotifyIsACutWhereRulesAreStrict) {
  tls_bench b;
  const auto accepting = b.server(b.strict(b.listen_options(b.trusted.server())));
  const auto dialling = b.client(b.strict(b.dial_options()));
  for (const bool client_ends : {false, true}) {
    tls_link link(b, *dialling, *accepting);
    ASSERT_TRUE(link.shake());
    auto& writes = client_ends ? link.client : link.server;
    auto& reads = client_ends ? link.server : link.client;
    ASSERT_TRUE(write_to(b, writes, "half of"));
    auto& below = client_ends ? link.client_below : link.server_below;
    ASSERT_EQ(below.shutdown_write().what, io::moved);
    io_result last;
    EXPECT_EQ(read_from(b, reads, 0, &last), "half of") << "what came is still given";
    EXPECT_EQ(last.what, io::failed);
    EXPECT_EQ(last.ec, make_error_code(errc::truncated));
  }
}

// There something is missing for certain.
TEST(TlsStream, AnEndWithinARecordIsACutInAnyCase) {
  for (const std::size_t come : {1U, 4U, 5U, 6U, 30U}) {
    established b;
    ASSERT_TRUE(write_to(b, b.link.client, "good"));
    const std::string record = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
    test::send_all(b.link.client_below.socket().fd(), record.substr(0, come));
    ASSERT_EQ(b.link.client_below.shutdown_write().what, io::moved);
    io_result last;
    EXPECT_EQ(read_from(b, b.link.server, 0, &last), "good");
    EXPECT_EQ(last.what, io::failed) << come;
    EXPECT_EQ(last.ec, make_error_code(errc::truncated)) << come;
  }
}

TEST(TlsStream, AResetIsAReset) {
  established b;
  b.link.client.abort();
  b.link.client_below.socket().close();
  io_result last;
  read_from(b, b.link.server, 0, &last);
  EXPECT_EQ(last.what, io::failed);
  EXPECT_EQ(last.ec.value(), ECONNRESET);
}

TEST(TlsStream, DamagedBytesAreRefusedBehindWhatWasGood) {
  established b;
  ASSERT_TRUE(write_to(b, b.link.client, "good"));
  test::send_all(b.link.client_below.socket().fd(),
                 std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
  io_result last;
  EXPECT_EQ(read_from(b, b.link.server, 0, &last), "good");
  EXPECT_EQ(last.what, io::failed);
  EXPECT_NE(last.ec.message(), "");
  EXPECT_EQ(b.link.server.shutdown_write().what, io::failed) << "no clean end after that";
  read_from(b, b.link.client, 0, &last);
  EXPECT_EQ(last.ec.message(), "the peer refused: bad record mac");
}

TEST(TlsStream, AStalledShutdownIsTakenUpAgain) {
  established b(16384);
  auto data = test::pattern(std::size_t{4} << 20, 3);
  auto bytes = std::as_writable_bytes(std::span(data));
  std::size_t taken = 0;
  for (auto out = b.link.client.write_some(bytes); out.what == io::moved;
       out = b.link.client.write_some(bytes.subspan(taken))) {
    taken += out.bytes;
  }
  EXPECT_EQ(b.link.client.shutdown_write().what, io::blocked);
  io_result last;
  std::string got;
  std::string part(65536, '\0');
  bool shut = false;
  ASSERT_TRUE(test::turn_until(b.poller, [&] {
    shut = shut || b.link.client.shutdown_write().what == io::moved;
    do {
      last = b.link.server.read_some(std::as_writable_bytes(std::span(part)));
      got.append(part, 0, last.bytes);
    } while (last.what == io::moved && last.again);
    return last.what == io::end || last.what == io::failed;
  }));
  EXPECT_TRUE(shut);
  EXPECT_EQ(last.what, io::end);
  EXPECT_EQ(got, data.substr(0, taken));
}

TEST(TlsStream, AWriteThatFailedIsToldOnce) {
  established b;
  test::reset(b.link.client_below.socket().release());
  ASSERT_TRUE(test::turn_until(b.poller, [&] {
    return net::has(b.link.server_below.socket().events(), net::seen::broken);
  }));
  std::string data = "x";
  const auto out = b.link.server.write_some(std::as_writable_bytes(std::span(data)));
  EXPECT_EQ(out.what, io::failed);
  EXPECT_EQ(b.link.server.flush().what, io::moved) << "what the peer had sent can still be read";
  EXPECT_EQ(b.link.server.shutdown_write().what, io::failed);
}

TEST(TlsStream, APeerThatHasEndedMayCloseBeforeItIsToldOfOurEnd) {
  test::tls_bench b;
  for (const bool loses_payload : {false, true}) {
    test::tls_link link(b, *b.client(), *b.server());
    ASSERT_TRUE(link.shake());
    test::write_to(b, link.server, "x");
    ASSERT_EQ(test::read_from(b, link.client, 1), "x");
    ASSERT_EQ(link.client.shutdown_write().what, io::moved);
    io_result last;
    test::read_from(b, link.server, 0, &last);
    ASSERT_EQ(last.what, io::end);
    link.client_below.socket().close();
    if (loses_payload) test::write_to(b, link.server, "never read");
    // Over there nobody is left; a reset says so, at once.
    EXPECT_EQ(link.server.shutdown_write().what, loses_payload ? io::failed : io::moved);
  }
}

}  // namespace
}  // namespace relay::transport
