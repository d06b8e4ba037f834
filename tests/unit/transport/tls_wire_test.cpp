#include "support/counting_waiter.hpp"
#include "support/fake_stream.hpp"
#include "support/tls_bench.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace relay::transport {
namespace {

using test::fake_stream;
using test::read_from;
using test::tls_bench;
using test::tls_link;
using test::write_to;

/// Two ends whose bytes the test carries over.
struct carried : tls_bench {
  carried() : accepting(server()), dialling(client()) {}
  std::shared_ptr<tls_server> accepting;
  std::shared_ptr<tls_client> dialling;
  fake_stream client_below;
  fake_stream server_below;
  tls_handle near_handle = dialling->open(test::some_remote);
  ssl_st* near_ssl = near_handle.get();
  tls_stream near{client_below, engine, std::move(near_handle)};
  tls_handle far_handle = accepting->open();
  ssl_st* far_ssl = far_handle.get();
  tls_stream far{server_below, engine, std::move(far_handle)};

  static void carry(fake_stream& from, fake_stream& to, std::size_t most) {
    to.incoming += from.written.substr(0, most);
    from.written.erase(0, most);
  }
};

TEST(TlsWire, AHandshakeMayComeByteByByte) {
  carried b;
  io_result near, far;
  for (int i = 0; i < 100000 && (near.what != io::moved || far.what != io::moved); ++i) {
    if (near.what == io::blocked) near = b.near.handshake();
    if (far.what == io::blocked) far = b.far.handshake();
    ASSERT_NE(near.what, io::failed) << near.ec.message();
    ASSERT_NE(far.what, io::failed) << far.ec.message();
    carried::carry(b.client_below, b.server_below, 1);
    carried::carry(b.server_below, b.client_below, 1);
  }
  EXPECT_EQ(near.what, io::moved);
  EXPECT_EQ(far.what, io::moved);
}

TEST(TlsWire, AHandshakeMayLeaveByteByByte) {
  carried b;
  b.client_below.takes = b.server_below.takes = 0;
  io_result near, far;
  for (int i = 0; i < 100000 && (near.what != io::moved || far.what != io::moved); ++i) {
    b.client_below.takes = b.server_below.takes = 1;
    if (near.what == io::blocked) near = b.near.handshake();
    if (far.what == io::blocked) far = b.far.handshake();
    carried::carry(b.client_below, b.server_below, SIZE_MAX);
    carried::carry(b.server_below, b.client_below, SIZE_MAX);
  }
  EXPECT_EQ(near.what, io::moved);
  EXPECT_EQ(far.what, io::moved);
  EXPECT_FALSE(b.near.holds_bytes());
  EXPECT_FALSE(b.far.holds_bytes());
}

void shake(carried& b) {
  io_result near, far;
  while (near.what == io::blocked || far.what == io::blocked) {
    if (near.what == io::blocked) near = b.near.handshake();
    carried::carry(b.client_below, b.server_below, SIZE_MAX);
    if (far.what == io::blocked) far = b.far.handshake();
    carried::carry(b.server_below, b.client_below, SIZE_MAX);
  }
  ASSERT_EQ(near.what, io::moved);
  ASSERT_EQ(far.what, io::moved);
}

// The client's last flight and its first bytes may come in one piece: nobody announces the rest.
TEST(TlsWire, BytesBehindTheHandshakeAreKept) {
  carried b;
  io_result near, far;
  while (near.what == io::blocked) {
    near = b.near.handshake();
    if (near.what == io::moved) break;
    carried::carry(b.client_below, b.server_below, SIZE_MAX);
    far = b.far.handshake();
    carried::carry(b.server_below, b.client_below, SIZE_MAX);
  }
  std::string data = "right behind";
  ASSERT_EQ(b.near.write_some(std::as_writable_bytes(std::span(data))).what, io::moved);
  carried::carry(b.client_below, b.server_below, SIZE_MAX);
  ASSERT_EQ(b.far.handshake().what, io::moved);
  EXPECT_TRUE(b.far.holds_bytes());
  std::string got(100, '\0');
  const auto in = b.far.read_some(std::as_writable_bytes(std::span(got)));
  EXPECT_EQ(got.substr(0, in.bytes), data);
  EXPECT_FALSE(b.far.holds_bytes());
}

TEST(TlsWire, ARecordMayComeByteByByte) {
  carried b;
  shake(b);
  auto sent = test::pattern(20000, 2);
  ASSERT_EQ(b.near.write_some(std::as_writable_bytes(std::span(sent))).bytes, sent.size());
  std::string got;
  std::string part(65536, '\0');
  while (!b.client_below.written.empty()) {
    carried::carry(b.client_below, b.server_below, 1);
    const auto in = b.far.read_some(std::as_writable_bytes(std::span(part)));
    ASSERT_NE(in.what, io::failed);
    got.append(part, 0, in.bytes);
  }
  EXPECT_EQ(got, sent);
}

// One read below and one write below for a whole copy buffer.
TEST(TlsWire, ACopyBufferIsOneWriteAndOneRead) {
  carried b;
  shake(b);
  b.client_below.written.clear();
  std::string ticket(65536, '\0');
  b.near.read_some(std::as_writable_bytes(std::span(ticket)));
  for (int i = 0; i < 3; ++i) {
    auto sent = test::pattern(65536, 7);
    ASSERT_EQ(b.near.write_some(std::as_writable_bytes(std::span(sent))).bytes, sent.size());
    carried::carry(b.client_below, b.server_below, SIZE_MAX);
  }
  for (int i = 0; i < 3; ++i) {
    std::string got(65536, '\0');
    const int before = b.server_below.reads;
    const auto in = b.far.read_some(std::as_writable_bytes(std::span(got)));
    EXPECT_EQ(in.bytes, 65536U);
    EXPECT_EQ(b.server_below.reads - before, 1);
    EXPECT_FALSE(b.far.holds_bytes());
  }
}

/// What one read of the peer's backlog has come to.
struct reading {
  explicit reading(tls_stream& from) : whole(65536, '\0') {
    last = from.read_some(std::as_writable_bytes(std::span(whole)));
    whole.resize(last.bytes);
  }
  std::size_t work() const { return last.bytes + last.overhead; }
  std::string whole;
  io_result last;
};

/// So many KeyUpdates in one piece, on their way to the far end.
void send_key_updates(carried& b, int count) {
  for (int i = 0; i < count; ++i) {  // they gather in the engine until the next write
    ASSERT_EQ(SSL_key_update(b.near_ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(b.near_ssl), 1);
  }
  std::string byte = "x";
  ASSERT_EQ(b.near.write_some(std::as_writable_bytes(std::span(byte))).what, io::moved);
  carried::carry(b.client_below, b.server_below, SIZE_MAX);
}

// A call goes through a few; the caller's turn ends soon, and the peer's connection if that does
// not help.
TEST(TlsWire, AFloodOfKeyUpdatesIsWorkAndThenTheEnd) {
  carried b;
  shake(b);
  send_key_updates(b, 2000);
  std::size_t work = 0;
  int turns = 0;
  for (int calls = 0;; ++calls) {
    ASSERT_LT(calls, 200);
    const reading now(b.far);
    if (now.last.what == io::failed) {
      EXPECT_EQ(now.last.ec, make_error_code(errc::flood));
      break;
    }
    ASSERT_EQ(now.last.what, io::moved);
    EXPECT_TRUE(now.last.again);
    EXPECT_EQ(now.last.bytes, 0U);
    work += now.work();
    if (work >= turn_budget) work = 0, ++turns;
  }
  EXPECT_GT(turns, 90) << "beyond the burst each takes a turn";
  EXPECT_EQ(reading(b.far).last.ec, make_error_code(errc::flood)) << "it stays failed";
}

TEST(TlsWire, ABurstOfKeyUpdatesIsNoFlood) {
  carried b;
  shake(b);
  for (const int count : {1, 30}) {
    send_key_updates(b, count);
    std::string got;
    for (int calls = 0; got.empty(); ++calls) {
      ASSERT_LT(calls, 20);
      got = reading(b.far).whole;
    }
    EXPECT_EQ(got, "x");
  }
}

// A server's tickets may be many in one record, which no input announces.
TEST(TlsWire, AFloodOfTicketsEndsToo) {
  carried b;
  shake(b);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(SSL_new_session_ticket(b.far_ssl), 1);
    ASSERT_EQ(SSL_do_handshake(b.far_ssl), 1);
  }
  std::string byte = "x";
  ASSERT_EQ(b.far.write_some(std::as_writable_bytes(std::span(byte))).what, io::moved);
  carried::carry(b.server_below, b.client_below, SIZE_MAX);
  io_result last;
  for (int calls = 0; last.what != io::failed; ++calls) {
    ASSERT_LT(calls, 200);
    last = reading(b.near).last;
    EXPECT_LE(last.overhead, turn_budget + turn_budget / 2);
  }
  EXPECT_EQ(last.ec, make_error_code(errc::flood));
}

TEST(TlsWire, RecordsOfOneByteAreBoundedByWork) {
  carried b;
  shake(b);
  const auto want = test::pattern(5000);
  for (const char each : want) {
    std::string byte(1, each);
    ASSERT_EQ(b.near.write_some(std::as_writable_bytes(std::span(byte))).what, io::moved);
  }
  carried::carry(b.client_below, b.server_below, SIZE_MAX);
  std::string got;
  std::size_t work = 0;
  while (got.size() < want.size()) {
    const reading now(b.far);
    ASSERT_EQ(now.last.what, io::moved);
    EXPECT_LE(now.whole.size(), 130U);
    EXPECT_GE(now.work(), now.whole.size() * 1024);
    got += now.whole;
    work += now.work();
    EXPECT_TRUE(now.last.again || got.size() == want.size());
  }
  EXPECT_EQ(got, want);
  EXPECT_GE(work, 5000U * 1024);
}

TEST(TlsWire, LargeRecordsCostLittleMoreThanTheirPayload) {
  carried b;
  shake(b);
  auto sent = test::pattern(65536, 7);
  ASSERT_EQ(b.near.write_some(std::as_writable_bytes(std::span(sent))).bytes, sent.size());
  carried::carry(b.client_below, b.server_below, SIZE_MAX);
  const reading now(b.far);
  EXPECT_EQ(now.last.bytes, sent.size());
  EXPECT_LT(now.last.overhead, sent.size() / 4);
}

// Each record of the hello holds one byte; the caller is asked to let others have their turn.
TEST(TlsWire, AHandshakeInSmallPiecesGivesWay) {
  carried b;
  ASSERT_EQ(b.near.handshake().what, io::blocked);
  const auto hello = std::exchange(b.client_below.written, {});
  for (const char each : hello.substr(5)) {
    b.server_below.incoming += std::string("\x16\x03\x01\x00\x01", 5) + each;
  }
  int gave_way = 0;
  auto far = b.far.handshake();
  for (; far.what == io::blocked && far.again; far = b.far.handshake()) ++gave_way;
  EXPECT_GE(gave_way, 1);
  ASSERT_EQ(far.what, io::blocked) << far.ec.message();
  carried::carry(b.server_below, b.client_below, SIZE_MAX);
  EXPECT_EQ(b.near.handshake().what, io::moved) << "it has been understood";
}

TEST(TlsWire, TextThatIsNoTlsIsNamed) {
  for (const auto* const text : {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n"}) {
    carried b;
    b.server_below.incoming = text;
    const auto out = b.far.handshake();
    EXPECT_EQ(out.what, io::failed);
    EXPECT_EQ(out.ec.message(), "the peer does not speak TLS here") << text;
    EXPECT_EQ(b.far.handshake().ec, out.ec) << "it stays failed";
  }
}

TEST(TlsWire, AnEndDuringTheHandshakeIsACut) {
  carried b;
  b.server_below.ended = true;
  const auto out = b.far.handshake();
  EXPECT_EQ(out.what, io::failed);
  EXPECT_EQ(out.ec, make_error_code(errc::truncated));
}

TEST(TlsWire, OldVersionsAreRefused) {
  tls_bench b;
  const auto accepting = b.server();
  const auto dialling = b.client();
  auto old = dialling->open(test::some_remote);
  SSL_set_security_level(old.get(), 0);
  SSL_set_min_proto_version(old.get(), TLS1_VERSION);
  SSL_set_max_proto_version(old.get(), TLS1_1_VERSION);
  SSL_set_cipher_list(old.get(), "ALL:@SECLEVEL=0");
  tls_link link(b, std::move(old), accepting->open());
  EXPECT_FALSE(link.shake());
  EXPECT_EQ(link.server_result.ec.message(), "the peer knows no TLS 1.2 or 1.3");
  EXPECT_EQ(link.client_result.ec.message(), "the peer refused: protocol version");
}

// Spec 9.3: no RSA key exchange, no CBC.
TEST(TlsWire, SuitesOfTheSpecAloneAreAccepted) {
  tls_bench b;
  const auto accepting =
      b.server(b.listen_options(issue({.key = test::key_kind::rsa2048}, &b.trusted.root)));
  const auto try_with = [&](const char* suites) {
    const auto dialling = b.client();  // with nothing to resume
    auto limited = dialling->open(test::some_remote);
    SSL_set_max_proto_version(limited.get(), TLS1_2_VERSION);
    SSL_set_cipher_list(limited.get(), suites);
    tls_link link(b, std::move(limited), accepting->open());
    return link.shake() ? link.server.describe() : link.server_result.ec.message();
  };
  EXPECT_EQ(try_with("ECDHE-RSA-AES256-GCM-SHA384"), "TLSv1.2, ECDHE-RSA-AES256-GCM-SHA384");
  EXPECT_EQ(try_with("ECDHE-RSA-CHACHA20-POLY1305"), "TLSv1.2, ECDHE-RSA-CHACHA20-POLY1305");
  EXPECT_EQ(try_with("AES128-GCM-SHA256"), "no cipher in common");
  EXPECT_EQ(try_with("ECDHE-RSA-AES128-SHA256"), "no cipher in common");
}

TEST(TlsWire, KeyUpdatesGoBothWaysAlsoAfterAHalfClose) {
  tls_bench b;
  const auto accepting = b.server();
  const auto dialling = b.client();
  tls_link link(b, *dialling, *accepting);
  ASSERT_TRUE(link.shake());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(SSL_key_update(link.client_ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_TRUE(write_to(b, link.client, "with new keys"));
    EXPECT_EQ(read_from(b, link.server, 13), "with new keys");
    ASSERT_TRUE(write_to(b, link.server, "and back"));
    EXPECT_EQ(read_from(b, link.client, 8), "and back");
  }
  ASSERT_EQ(link.server.shutdown_write().what, io::moved);
  ASSERT_EQ(SSL_key_update(link.client_ssl, SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_TRUE(write_to(b, link.client, "after the server's end"));
  EXPECT_EQ(read_from(b, link.server, 22), "after the server's end");
  io_result last;
  read_from(b, link.client, 0, &last);
  EXPECT_EQ(last.what, io::end);
  ASSERT_EQ(link.client.shutdown_write().what, io::moved);
  read_from(b, link.server, 0, &last);
  EXPECT_EQ(last.what, io::end);
}

// The answers that a peer asks for and does not read may not pile up.
TEST(TlsWire, AFloodOfKeyUpdatesIsBounded) {
  carried b;
  auto* const flooding = b.near_ssl;
  shake(b);
  b.server_below.takes = 0;  // the flood's source takes nothing
  std::string byte = "x";
  std::string got(65536, '\0');
  std::size_t most = 0;
  for (int i = 0; i < 5000; ++i) {
    SSL_key_update(flooding, SSL_KEY_UPDATE_REQUESTED);
    b.near.write_some(std::as_writable_bytes(std::span(byte)));
    carried::carry(b.client_below, b.server_below, SIZE_MAX);
    b.far.read_some(std::as_writable_bytes(std::span(got)));
    most = std::max(most, b.far.unsent());
  }
  EXPECT_GT(most, 0U);
  EXPECT_LT(most, std::size_t{90} * 1024);
}

}  // namespace
}  // namespace relay::transport
