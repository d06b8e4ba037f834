// Clients that leave while their remote is looked up, connected or opened.
#include "support/name_server.hpp"
#include "support/transport_chain.hpp"
#include "support/websocket_frames.hpp"

#include <relay/wire/websocket_handshake.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using forward::end_reason;
using test::relay_bench;

void take_limits_off(config::network& of) {
  of.tcp_timeout = of.connect_limit = of.handshake_timeout = 0ms;
}

/// A relay before a remote that is reached through a transport, without any limit.
struct bench : test::remote_bench {
  explicit bench(const std::string& kind, std::size_t workers = 2)
      : remote_bench("127.0.0.1", workers) {
    settings.endpoints[0].remote_transport = test::dial_text(kind);
    take_limits_off(network());
  }
  bool is_silent() const { return log_text().find("[ERROR]") == std::string::npos; }
};

/// A name server that does not answer for a while.
struct hesitant_names {
  explicit hesitant_names(relay_bench& b) {
    server.hold();
    b.settings.dns.nameservers = {test::literal(server.endpoint())};
    b.settings.dns.mode = config::dns_mode::ipv4_only;
    b.options.names.hosts = b.options.names.resolv_conf = "/nonexistent";
  }
  test::name_server server{[](const test::dns_query& asked) {
    return std::vector<test::bytes>{test::dns_response(asked).address("127.0.0.1", 60).as_bytes()};
  }};
};

/// Plays a WebSocket server: reads the head of the request, one byte at a time.
std::string key_of_request(const unique_fd& server) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const auto next = test::read_exactly(server.get(), 1);
    if (next.empty()) return {};
    head += next;
  }
  const auto asked = wire::read_ws_request(head, "a.example", "/x");
  const auto* const good = std::get_if<wire::ws_request>(&asked);
  return good == nullptr ? std::string() : good->key;
}

TEST(Departure, AResetGivesUpAHandshakeWithTheRemoteAtOnce) {
  for (const auto& kind : test::transport_kinds) {
    bench b(kind);
    const auto second = test::listen_any();
    b.settings.endpoints[0].extra_remotes = {test::literal(test::address_of(second.get()))};
    b.start();
    auto client = b.connect();
    const auto server = b.accept();
    EXPECT_EQ(test::read_exactly(server.get(), 1).size(), 1U) << "the handshake has begun";
    test::reset(std::move(client));
    EXPECT_TRUE(test::sees_reset(server.get())) << kind;
    EXPECT_TRUE(b.has_ended(end_reason::reset_by_client)) << kind;
    EXPECT_TRUE(b.is_silent()) << b.log_text();
    test::set_non_blocking(second.get());
    EXPECT_FALSE(unique_fd(::accept(second.get(), nullptr, nullptr))) << "nobody is left to serve";
  }
}

TEST(Departure, AResetGivesUpAHandshakeOverAConnectionThatWasMadeAhead) {
  bench b("wss", 1);
  b.network().warm = 1;
  b.network().send_proxy = true;  // so that the handshakes wait for the client
  b.start();
  const auto early = b.accept();
  ASSERT_TRUE(test::wait_until([&] { return b.running->count(0).warm_ready >= 1; }));
  auto client = b.connect();
  EXPECT_EQ(test::read_exactly(early.get(), 1).size(), 1U);
  test::reset(std::move(client));
  EXPECT_TRUE(test::sees_reset(early.get()));
  EXPECT_TRUE(b.has_ended(end_reason::reset_by_client));
}

TEST(Departure, AResetGivesUpAConnectAtOnce) {
  const test::black_hole nowhere;
  for (const bool first_refuses : {false, true}) {
    relay_bench b;
    auto& made = b.add(first_refuses ? test::refusing_address() : nowhere.address());
    if (first_refuses) made.extra_remotes = {test::literal(nowhere.address())};
    take_limits_off(made.network);
    b.start();
    auto client = b.connect();
    ASSERT_TRUE(test::wait_until([&] { return b.running->count(0).accepted == 1; }));
    if (first_refuses) {
      const auto refused = [&] {
        return b.log_text().find("[tcp]connect to ") != std::string::npos;
      };
      ASSERT_TRUE(test::wait_until(refused));
    }
    test::reset(std::move(client));
    EXPECT_TRUE(b.has_ended(end_reason::reset_by_client));
    EXPECT_TRUE(test::wait_until([&] { return b.running->connections() == 0; }));
  }
}

TEST(Departure, WhoResetsDuringALookupIsNotDialledFor) {
  test::remote_bench b;
  hesitant_names names(b);
  b.settings.endpoints[0].remote =
      test::named("remote.test", test::address_of(b.remote.get()).port);
  b.start();
  auto client = b.connect();
  ASSERT_TRUE(names.server.wait_for(1));
  test::reset(std::move(client));
  EXPECT_TRUE(b.has_ended(end_reason::reset_by_client)) << "before there is an answer";
  const auto next = b.connect();
  test::send_all(next.get(), "next");
  names.server.release();
  const auto server = b.accept();
  EXPECT_EQ(test::read_exactly(server.get(), 4), "next") << "the lookup went on";
  EXPECT_TRUE(b.nobody_knocks());
}

// A half-close is legal: it may have asked all it wants.
TEST(Departure, AnEndIsNone) {
  bench b("ws");
  b.start();
  const auto client = b.connect();
  test::send_all(client.get(), "request");
  test::shut_write(client.get());
  const auto server = b.accept();
  const auto key = key_of_request(server);
  test::send_all(server.get(), wire::write_ws_reply(key));
  EXPECT_TRUE(test::read_to_end(server.get()).ends_with("request"));
  test::send_all(server.get(), test::foreign_frame{"answer"}.bytes());
  test::shut_write(server.get());
  EXPECT_EQ(test::read_to_end(client.get()), "answer");
  EXPECT_TRUE(b.has_ended(end_reason::client_eof));
}

TEST(Departure, WhatWasSentBeforeAResetIsStillDelivered) {
  bench b("ws");
  b.start();
  auto client = b.connect();
  test::send_all(client.get(), "request");
  test::reset(std::move(client));
  const auto server = b.accept();
  const auto key = key_of_request(server);
  test::send_all(server.get(), wire::write_ws_reply(key));
  bool was_reset = false;
  EXPECT_TRUE(test::read_to_end(server.get(), &was_reset).ends_with("request"));
  EXPECT_TRUE(was_reset);
  EXPECT_TRUE(b.has_ended(end_reason::reset_by_client));
}

TEST(Departure, WhatCameBehindTheHandshakeOfAClientIsStillDelivered) {
  test::remote_bench b;
  hesitant_names names(b);
  auto& endpoint = b.settings.endpoints[0];
  endpoint.listen_transport = test::listen_text("ws");
  endpoint.remote = test::named("remote.test", test::address_of(b.remote.get()).port);
  b.start();
  auto client = b.connect();
  const auto asks = wire::write_ws_request("a.example", "/x", "dGhlIHNhbXBsZSBub25jZQ==");
  const test::foreign_frame says{"payload", 0x82, "mask"};
  test::send_all(client.get(), asks + says.bytes());
  ASSERT_TRUE(names.server.wait_for(1));
  EXPECT_EQ(test::read_exactly(client.get(), 12), "HTTP/1.1 101");
  test::reset(std::move(client));
  names.server.release();
  const auto server = b.accept();
  EXPECT_EQ(test::read_exactly(server.get(), 7), "payload");
  EXPECT_TRUE(test::sees_reset(server.get()));
}

}  // namespace
}  // namespace relay::forward
