// Reading and writing PROXY headers on a connection (spec 8.1, 8.2).
#include "support/step_bench.hpp"
#include "unit/wire/headers.hpp"

#include <relay/handshake/proxy.hpp>
#include <relay/net/task_group.hpp>

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <sys/ioctl.h>

#include <functional>
#include <thread>

namespace relay::handshake {
namespace {

using namespace std::chrono_literals;
using net::has;
using net::seen;
using wire::test::binary;

const std::string line = "PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\n";
const std::string inet("\xc0\x00\x02\x01\xc6\x33\x64\x02\x12\x67\x01\xbb", 12);

std::string inet6_block() {
  const std::string a("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
  return a + a + std::string("\x12\x67\x01\xbb", 4);
}

/// One of each kind that is a header.
std::vector<std::string> headers() {
  const std::string type_lengths("\x03\x00\x04\x01\x02\x03\x04", 7);  // one TLV
  return {line,
          "PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n",
          "PROXY UNKNOWN\r\n",
          "PROXY UNKNOWN ffff::1 whatever stands here\r\n",
          binary(0x21, 0x11, inet),
          binary(0x21, 0x11, inet + type_lengths),
          binary(0x21, 0x21, inet6_block()),
          binary(0x21, 0x21, inet6_block() + type_lengths),
          binary(0x20, 0x00, ""),
          binary(0x20, 0x11, inet),
          binary(0x21, 0x00, type_lengths),
          binary(0x21, 0x12, inet),
          binary(0x21, 0x31, std::string(216, 'u'))};
}

struct bench : test::step_bench {
  proxy_reading read(std::chrono::milliseconds limit = 5s) {
    proxy_reading made;
    run([&]() -> task<> { made = co_await read_proxy_header(place, wheel, limit); });
    return made;
  }
  /// Sends it in pieces, each as soon as the one before has been taken; the rest together.
  void feed(const std::string& bytes, std::size_t piece, std::size_t singly) {
    next = [this, bytes, piece, singly, at = std::size_t{0}]() mutable {
      if (waiting() == 0) {
        const bool is_rest = at >= singly;
        test::send_all(peer.get(), bytes.substr(at, is_rest ? bytes.npos : piece));
        at += piece;
        if (is_rest) return;
      }
      on.post([this] { next(); });
    };
    on.post([this] { next(); });
  }
  int waiting() const {
    int count = -1;
    ::ioctl(place.fd(), FIONREAD, &count);
    return count;
  }

  std::function<void()> next;
};

TEST(ProxySteps, TakeExactlyTheHeaderAndSayThatMoreIsThere) {
  for (const auto& header : headers()) {
    bench b;
    test::send_all(b.peer.get(), header + "payload");
    const auto heard = b.read();
    EXPECT_FALSE(heard.ec) << heard.ec.message();
    EXPECT_TRUE(has(b.place.events(), seen::readable)) << "no event will tell it again";
    EXPECT_EQ(test::read_exactly(b.place.fd(), 7), "payload");
    EXPECT_EQ(heard.header.version, header[0] == 'P' ? 1 : 2);
  }
}

TEST(ProxySteps, TellTheAddresses) {
  for (const auto& header : {line, binary(0x21, 0x11, inet)}) {
    bench b;
    test::send_all(b.peer.get(), header);
    const auto heard = b.read();
    ASSERT_TRUE(heard.header.addresses);
    EXPECT_EQ(heard.header.addresses->source.to_string(), "192.0.2.1:4711");
    EXPECT_EQ(heard.header.addresses->destination.to_string(), "198.51.100.2:443");
  }
}

TEST(ProxySteps, WaitForAHeaderThatIsCutAnywhere) {
  for (const auto& header : {line, binary(0x21, 0x11, inet + std::string("\x04\x00\x01x", 4))}) {
    for (std::size_t cut = 1; cut < header.size(); ++cut) {
      bench b;
      b.feed(header + "payload", cut, cut);
      EXPECT_FALSE(b.read().ec) << cut;
      EXPECT_EQ(test::read_exactly(b.place.fd(), 7), "payload") << cut;
    }
  }
}

TEST(ProxySteps, WaitForEachByte) {
  for (const auto& header : headers()) {
    bench b;
    b.feed(header + "payload", 1, header.size() - 1);  // the last comes with the payload
    EXPECT_FALSE(b.read().ec);
    EXPECT_EQ(test::read_exactly(b.place.fd(), 7), "payload");
  }
}

TEST(ProxySteps, SkipTheMostThatCanFollowAndNotAByteMore) {
  const auto most = binary(0x21, 0x21, inet6_block() + std::string(65535 - 36, 't'));
  bench b;
  std::thread sender([&] { test::send_all(b.peer.get(), most + "payload"); });
  const auto heard = b.read();
  sender.join();
  EXPECT_FALSE(heard.ec);
  EXPECT_TRUE(heard.header.addresses);
  EXPECT_EQ(test::read_exactly(b.place.fd(), 7), "payload");
}

TEST(ProxySteps, ASecondHeaderIsPayload) {
  bench b;
  test::send_all(b.peer.get(), binary(0x21, 0x11, inet) + line);
  EXPECT_EQ(b.read().header.version, 2);
  EXPECT_EQ(test::read_exactly(b.place.fd(), line.size()), line);
}

TEST(ProxySteps, RefuseWhatIsNoneAtItsFirstWrongByte) {
  for (const std::string sent :
       {"G", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "PROXY TCP5", "\r\n\r\nX"}) {
    bench b;
    test::send_all(b.peer.get(), sent);
    const auto heard = b.read(0ms);
    EXPECT_EQ(heard.ec, errc::bad_proxy_header) << sent;
    EXPECT_TRUE(heard.begun);
    EXPECT_FALSE(heard.why.empty());
  }
}

TEST(ProxySteps, RefuseALineThatNeverEnds) {
  bench b;
  test::send_all(b.peer.get(), "PROXY UNKNOWN " + std::string(5000, 'x'));
  EXPECT_EQ(b.read().ec, errc::bad_proxy_header);
}

TEST(ProxySteps, TellAnEndBeforeInsideAndWhileSkipping) {
  const auto long_one = binary(0x21, 0x11, inet + std::string(1000, 't'));
  for (const auto& sent : {std::string(), line.substr(0, 9), long_one.substr(0, 500)}) {
    bench b;
    test::send_all(b.peer.get(), sent);
    test::shut_write(b.peer.get());
    const auto heard = b.read();
    EXPECT_EQ(heard.ec, errc::truncated) << sent.size();
    EXPECT_EQ(heard.begun, !sent.empty());
  }
}

TEST(ProxySteps, TellAReset) {
  bench b;
  test::reset(std::move(b.peer));
  EXPECT_EQ(b.read().ec.value(), ECONNRESET);
}

TEST(ProxySteps, AnEndRightBehindTheHeaderIsThePayloads) {
  bench b;
  test::send_all(b.peer.get(), line);
  test::shut_write(b.peer.get());
  EXPECT_FALSE(b.read().ec);
  EXPECT_EQ(test::read_to_end(b.place.fd()), "");
}

TEST(ProxySteps, GiveUpAtTheLimitWhichNoByteMakesLonger) {
  bench b;
  std::size_t at = 0;
  std::function<void()> dribble = [&] {  // a byte, then most of a second, over and over
    if (at == 3) return b.pass(11);
    test::send_all(b.peer.get(), line.substr(at++, 1));
    b.pass(3);
    b.on.post(dribble);
  };
  proxy_reading heard;
  b.run([&]() -> task<> {
    b.on.post(dribble);
    heard = co_await read_proxy_header(b.place, b.wheel, 1s);
  });
  EXPECT_EQ(heard.ec, errc::timed_out);
  EXPECT_EQ(at, 3U);
}

TEST(ProxySteps, AreGivenUpByACancellation) {
  bench b;
  spdlog::logger log("test", std::make_shared<spdlog::sinks::null_sink_mt>());
  net::task_group group(b.on.loop().get_executor(), log);
  bool went_on = false;
  auto reading = [&]() -> task<> {
    const auto heard = co_await read_proxy_header(b.place, b.wheel, 0ms);
    went_on = !heard.ec;
  };
  group.spawn(reading());
  b.on.post([&] {
    group.cancel();
    group.when_empty([&] { b.on.loop().stop(); });
  });
  b.on.loop().run_for(test::patience);
  EXPECT_TRUE(group.is_empty());
  EXPECT_FALSE(went_on);
}

wire::proxy_bytes some_header() {
  return wire::write_proxy_v2(wire::only_source(*ip_endpoint::parse("192.0.2.1:4711")));
}

TEST(ProxySteps, WriteAHeaderAtOnceWhereThereIsRoom) {
  bench b;
  const auto header = some_header();
  const auto sent = try_write_proxy(b.place, header);
  ASSERT_TRUE(sent);
  EXPECT_EQ(*sent, header.span().size());
  EXPECT_EQ(test::read_exactly(b.peer.get(), *sent), wire::test::text_of(header));
}

TEST(ProxySteps, WriteTheRestWhenThereIsRoom) {
  bench b;
  test::set_buffers(b.place.fd(), 4096);
  test::set_buffers(b.peer.get(), 4096);
  const std::string block(1000, 'x');
  std::size_t filled = 0;
  for (ssize_t put = 0; put >= 0; filled += static_cast<std::size_t>(std::max<ssize_t>(put, 0))) {
    put = ::send(b.place.fd(), block.data(), block.size(), MSG_NOSIGNAL);
  }
  const auto header = some_header();
  const auto sent = try_write_proxy(b.place, header);
  ASSERT_TRUE(sent);
  ASSERT_EQ(*sent, 0U) << "the socket was not full";
  std::string got;
  std::thread reader(
      [&] { got = test::read_exactly(b.peer.get(), filled + header.span().size()); });
  error_code ec;
  b.run([&]() -> task<> { ec = co_await finish_proxy_header(b.place, b.wheel, 5s, header, 0); });
  reader.join();
  EXPECT_FALSE(ec);
  EXPECT_EQ(got.substr(filled), wire::test::text_of(header));
}

TEST(ProxySteps, GiveUpWritingAtTheLimit) {
  bench b;
  b.place.clear(seen::writable);
  error_code ec;
  b.run([&]() -> task<> {
    b.on.post([&] { b.pass(11); });
    ec = co_await finish_proxy_header(b.place, b.wheel, 1s, some_header(), 0);
  });
  EXPECT_EQ(ec, errc::timed_out);
}

TEST(ProxySteps, RememberAResetThatAWriteWasTold) {
  bench b;
  test::reset(std::move(b.peer));
  const auto sent = try_write_proxy(b.place, some_header());
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().value(), ECONNRESET);
  EXPECT_TRUE(has(b.place.events(), seen::reset));
}

}  // namespace
}  // namespace relay::handshake
