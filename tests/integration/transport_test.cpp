// TLS and WebSocket on both sides of a relay (spec 9, design 4).
#include "support/talkers.hpp"
#include "support/transport_chain.hpp"

#include <relay/wire/proxy.hpp>
#include <relay/wire/websocket_handshake.hpp>

#include <gtest/gtest.h>

#include <malloc.h>

#include <atomic>
#include <thread>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using forward::end_reason;
using test::relay_bench;
using test::transport_chain;
using test::transport_kinds;
using chain = test::remote_chain;

/// A relay that clients reach through a transport.
struct listening : test::remote_bench {
  explicit listening(const std::string& kind) {
    settings.endpoints[0].listen_transport = test::listen_text(kind);
  }
};

std::string request(const std::string& path = "/x") {
  return wire::write_ws_request("a.example", path, "dGhlIHNhbXBsZSBub25jZQ==");
}

TEST(Transport, BytesArriveBothWaysAtOnceAndEitherSideMayEndFirst) {
  for (const auto& kind : transport_kinds) {
    chain c(kind);
    c.start();
    for (const bool client_first : {true, false}) {
      const auto client = c.near.connect();
      const auto server = c.accept();
      const auto up = test::pattern(500'000, 1);
      const auto down = test::pattern(700'000, 2);
      const auto& first = client_first ? client : server;
      const auto& second = client_first ? server : client;
      const auto& out = client_first ? up : down;
      const auto& back = client_first ? down : up;
      std::thread sender([&] {
        test::send_all(first.get(), out);
        test::shut_write(first.get());
      });
      std::thread other([&] { test::send_all(second.get(), back); });
      std::string got_back;
      std::thread reader([&] { got_back = test::read_exactly(first.get(), back.size()); });
      EXPECT_EQ(test::read_to_end(second.get()), out) << kind;
      sender.join();
      other.join();
      reader.join();
      EXPECT_EQ(got_back, back) << kind;
      test::send_all(second.get(), "after the end of the other direction");
      test::shut_write(second.get());
      EXPECT_EQ(test::read_to_end(first.get()), "after the end of the other direction") << kind;
    }
    ASSERT_TRUE(c.is_quiet());
    for (auto* each : {&c.near, &c.far}) {
      EXPECT_EQ(each->ended(end_reason::client_eof), 1U) << kind;
      EXPECT_EQ(each->ended(end_reason::remote_eof), 1U) << kind;
      EXPECT_EQ(each->running->count(0).up_bytes, 1'000'000U + 36U) << "payload alone is counted";
    }
  }
}

TEST(Transport, ARemoteMaySpeakFirstAndLeaveAtOnce) {
  for (const auto& kind : transport_kinds) {
    test::talkers remotes(1);
    transport_chain c(kind, remotes.address(0));
    c.start();
    EXPECT_EQ(test::talkers::heard(c.near, 20), std::string(20, '0')) << kind;
  }
}

TEST(Transport, AResetIsAResetAtTheOtherEnd) {
  for (const auto& kind : transport_kinds) {
    chain c(kind);
    c.start();
    auto client = c.near.connect();
    const auto server = c.accept();
    test::reset(std::move(client));
    EXPECT_TRUE(test::sees_reset(server.get())) << kind;
    const auto next = c.near.connect();
    test::reset(c.accept());
    EXPECT_TRUE(test::sees_reset(next.get())) << kind;
  }
}

TEST(Transport, ASessionThatEndsIdleEndsInOrderAtBothEnds) {
  for (const auto& kind : transport_kinds) {
    chain c(kind);
    c.near.settings.endpoints[0].network.idle_timeout = 200ms;
    c.start();
    const auto client = c.near.connect();
    const auto server = c.accept();
    bool was_reset = true;
    EXPECT_EQ(test::read_to_end(server.get(), &was_reset), "");
    EXPECT_FALSE(was_reset) << kind;
    EXPECT_EQ(test::read_to_end(client.get(), &was_reset), "");
    EXPECT_FALSE(was_reset) << kind;
    test::shut_write(server.get());
    EXPECT_TRUE(c.is_quiet());
    EXPECT_EQ(c.near.ended(end_reason::idle), 1U);
    EXPECT_EQ(c.far.ended(end_reason::truncated), 0U) << kind;
  }
}

TEST(Transport, ProxyHeadersLieBelowIt) {
  for (const auto& kind : transport_kinds) {
    chain c(kind);
    c.near.settings.endpoints[0].network.send_proxy = true;
    auto& far = c.far.settings.endpoints[0].network;
    far.accept_proxy = far.send_proxy = true;
    far.send_proxy_version = 1;
    c.start();
    const auto client = c.near.connect();
    test::send_all(client.get(), "payload");
    const auto told = wire::only_source(test::address_of(client.get()));
    const auto header = wire::write_proxy_v1(told);
    const auto bytes = header.span();
    const std::string wanted(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto server = c.accept();
    EXPECT_EQ(test::read_exactly(server.get(), wanted.size() + 7), wanted + "payload") << kind;
  }
}

TEST(Transport, AHandshakeThatFailsIsLikeAConnectThatFailed) {
  for (const auto& kind : transport_kinds) {
    chain c(kind);
    test::talkers strangers(1);  // they say "0", which is no answer
    c.far.start();
    auto& endpoint = c.near.settings.endpoints[0];
    endpoint.remote = test::literal(strangers.address(0));
    endpoint.extra_remotes = {test::literal(*c.far.running->bound(0))};
    c.near.start();
    const auto client = c.near.connect();
    test::send_all(client.get(), "payload");
    const auto server = c.accept();
    EXPECT_EQ(test::read_exactly(server.get(), 7), "payload") << kind;
    EXPECT_EQ(strangers.counts()[0], 1) << kind;
  }
}

TEST(Transport, WithNobodyLeftToTryTheClientIsToldByTheEnd) {
  for (const auto& kind : transport_kinds) {
    test::talkers strangers(2);
    relay_bench b;
    strangers.give_to(b, "").remote_transport = test::dial_text(kind);
    b.start();
    EXPECT_EQ(test::read_to_end(b.connect().get()), "") << kind;
    EXPECT_TRUE(
        test::wait_until([&] { return b.ended(end_reason::remote_handshake_failed) == 1; }));
    EXPECT_EQ(strangers.counts(), (std::vector<int>{1, 1})) << kind;
  }
}

TEST(Transport, ASilentRemoteHasUntilTheLimitThenTheNextIsTried) {
  for (const auto& kind : transport_kinds) {
    chain c(kind);
    const auto silent = test::listen_any();
    c.far.start();
    auto& endpoint = c.near.settings.endpoints[0];
    endpoint.remote = test::literal(test::address_of(silent.get()));
    endpoint.extra_remotes = {test::literal(*c.far.running->bound(0))};
    endpoint.network.handshake_timeout = 200ms;
    c.near.start();
    const auto client = c.near.connect();
    EXPECT_TRUE(c.accept()) << kind;
  }
}

TEST(Transport, NobodyIsDialledForAClientThatIsSilentSlowOrWrong) {
  for (const auto& kind : transport_kinds) {
    listening b(kind);
    b.network().handshake_timeout = 300ms;
    b.start();
    const auto silent = b.connect();
    const auto slow = b.connect();
    test::send_all(slow.get(), kind == "ws" ? "GET /x HT" : "\x16\x03\x01");
    const auto wrong = b.connect();
    test::send_all(wrong.get(), kind == "ws" ? request("/y") : "SSH-2.0-OpenSSH_9.2\r\n");
    test::shut_write(wrong.get());
    EXPECT_TRUE(b.has_ended(end_reason::client_handshake_timeout, 2)) << kind;
    EXPECT_TRUE(b.has_ended(end_reason::client_handshake_failed)) << kind;
    EXPECT_TRUE(b.nobody_knocks()) << kind;
  }
}

TEST(Transport, WhoOnlyLooksWhetherThePortIsOpenIsNoError) {
  for (const auto& kind : transport_kinds) {
    listening b(kind);
    b.start();
    test::shut_write(b.connect().get());
    EXPECT_TRUE(b.has_ended(end_reason::client_eof)) << kind;
    auto client = b.connect();
    ASSERT_TRUE(test::wait_until([&] { return b.running->count(0).accepted == 2; }));
    test::reset(std::move(client));
    EXPECT_TRUE(b.has_ended(end_reason::reset_by_client)) << kind;
    EXPECT_TRUE(b.nobody_knocks());
    EXPECT_EQ(b.log_text().find("[ERROR]"), std::string::npos) << b.log_text();
  }
}

TEST(Transport, VisitorsSeeAWebServerOrNothing) {
  for (const bool is_silent : {false, true}) {
    listening b("ws");
    if (is_silent) b.network().camouflage = config::camouflage_answer::close;
    b.start();
    const auto visitor = b.connect();
    test::send_all(visitor.get(), "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    const auto seen = test::read_to_end(visitor.get());
    EXPECT_EQ(seen.substr(0, 13), is_silent ? "" : "HTTP/1.1 404 ");
    test::shut_write(visitor.get());
    EXPECT_TRUE(b.has_ended(end_reason::client_handshake_failed));
    EXPECT_TRUE(b.nobody_knocks());
  }
}

TEST(Transport, VisitorsHaveARouteOfTheirOwn) {
  listening b("ws");
  const auto site = test::listen_any();
  const auto at = test::address_of(site.get());
  b.network().camouflage = *parse_remote(at.to_string());
  b.network().send_proxy = true;
  b.start();
  const auto visitor = b.connect();
  test::send_all(visitor.get(), "GET / HTTP/1.1\r\n\r\n");
  const auto server = test::accept_one(site.get());
  EXPECT_EQ(test::read_exactly(server.get(), 18), "GET / HTTP/1.1\r\n\r\n");
  test::send_all(server.get(), "page");
  EXPECT_EQ(test::read_exactly(visitor.get(), 4), "page");
  test::shut_write(visitor.get());
  test::shut_write(server.get());
  ASSERT_TRUE(test::wait_until([&] { return b.running->connections() == 0; }));
  EXPECT_EQ(b.running->count(0).visitors, 1U);
  EXPECT_EQ(b.ended(end_reason::client_eof), 0U) << "that is counted apart";
  EXPECT_TRUE(b.nobody_knocks());
}

TEST(Transport, StopEndsHandshakesOnBothSides) {
  for (const auto& kind : transport_kinds) {
    listening b(kind);
    const auto nobody = test::listen_any();  // its queue takes clients, and that is all
    b.add(test::address_of(nobody.get())).remote_transport = test::dial_text(kind);
    for (auto& each : b.settings.endpoints) each.network.handshake_timeout = 0ms;  // for ever
    b.start();
    const auto silent = b.connect(0);
    const auto slow = b.connect(0);
    test::send_all(slow.get(), kind == "ws" ? "GET /x HT" : "\x16\x03\x01");
    const auto waiting = b.connect(1);
    const auto knocked = test::accept_one(nobody.get());
    EXPECT_EQ(test::read_exactly(knocked.get(), 1).size(), 1U) << "the handshake has begun";
    ASSERT_TRUE(test::wait_until([&] { return b.running->connections() == 3; }));
    b.running->stop();
    for (const auto* each : {&silent, &slow, &waiting}) {
      EXPECT_TRUE(test::sees_reset(each->get())) << kind;
    }
    EXPECT_EQ(b.ended(end_reason::shutdown), 2U);
    EXPECT_EQ(b.ended(end_reason::shutdown, 1), 1U);
  }
}

TEST(Transport, ADrainWaitsForAHandshake) {
  listening b("ws");
  b.network().half_close_timeout = 0ms;
  b.start();
  const auto client = b.connect();
  ASSERT_TRUE(test::wait_until([&] { return b.running->count(0).accepted == 1; }));
  std::atomic<bool> drained = false;
  b.running->drain([&] { drained = true; });
  test::send_all(client.get(), request());
  const auto server = test::accept_one(b.remote.get());
  constexpr std::string_view masked("\x82\x81\0\0\0\0x", 7);  // as every client must
  test::send_all(client.get(), masked);
  EXPECT_EQ(test::read_exactly(server.get(), 1), "x");
  EXPECT_FALSE(drained);
  test::shut_write(client.get());
  EXPECT_TRUE(test::wait_until([&] { return drained.load(); }));
}

TEST(Transport, SilentClientsCostLittleMemory) {
  listening b("wss");
  b.start(logs::level::off);
  constexpr std::size_t count = 200;
  std::vector<unique_fd> silent(count);
  silent[0] = b.connect();  // what the first of all needs
  ASSERT_TRUE(test::wait_until([&] { return b.running->connections() == 1; }));
  const auto before = ::mallinfo2().uordblks;
  for (std::size_t i = 1; i < count; ++i) silent[i] = b.connect();
  ASSERT_TRUE(test::wait_until([&] { return b.running->connections() == count; }));
  const auto each = (::mallinfo2().uordblks - before) / (count - 1);
  EXPECT_LT(each, 8192U) << "a session of OpenSSL alone is larger";
}

}  // namespace
}  // namespace relay::forward
