// PROXY headers on both sides of a relay (spec 8, design 4).
#include "support/relay_bench.hpp"
#include "support/talkers.hpp"

#include <relay/wire/proxy.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using forward::end_reason;
using test::relay_bench;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ip_endpoint at(const char* text) { return *ip_endpoint::parse(text); }

/// As another proxy would tell of a client.
std::string v1(const char* source, const char* destination = "198.51.100.2:443") {
  return text_of(wire::write_proxy_v1({at(source), at(destination)}));
}
std::string v2(const char* source, const char* destination = "198.51.100.2:443") {
  return text_of(wire::write_proxy_v2({at(source), at(destination)}));
}

struct bench : test::remote_bench {
  explicit bench(const char* host = "127.0.0.1") : remote_bench(host) {
    network().accept_proxy_timeout = 60s;
  }
};

TEST(Proxy, IsSentBeforeTheFirstByteAndTellsTheClient) {
  for (const int version : {1, 2}) {
    for (const auto* host : {"127.0.0.1", "::1"}) {
      bench b(host);
      b.network().send_proxy = true;
      b.network().send_proxy_version = version;
      b.start();
      const auto client = b.connect();
      const auto server = b.accept();
      const auto told = wire::only_source(test::address_of(client.get()));
      const auto wanted =
          version == 1 ? text_of(wire::write_proxy_v1(told)) : text_of(wire::write_proxy_v2(told));
      EXPECT_EQ(test::read_exactly(server.get(), wanted.size()), wanted) << "without a byte sent";
      test::send_all(client.get(), "hello");
      test::shut_write(client.get());
      EXPECT_EQ(test::read_to_end(server.get()), "hello");
      test::send_all(server.get(), "answer");
      test::shut_write(server.get());
      EXPECT_EQ(test::read_to_end(client.get()), "answer");
      ASSERT_TRUE(b.has_ended(end_reason::client_eof));
      EXPECT_EQ(b.running->count(0).up_bytes, 5U) << "the header is none of the client's";
    }
  }
}

TEST(Proxy, OfAnIPv4ClientAtAListenerForBothIsIPv6) {
  bench b;
  b.settings.endpoints[0].listen = {"", std::nullopt, {0, 0}};
  b.network().send_proxy = true;
  b.network().send_proxy_version = 1;
  b.start();
  const auto client =
      test::connect_to({*ip_address::parse("127.0.0.1"), b.running->bound(0)->port});
  const auto server = b.accept();
  const auto wanted =
      "PROXY TCP6 ::ffff:127.0.0.1 :: " + std::to_string(test::address_of(client.get()).port) +
      " 0\r\n";
  EXPECT_EQ(test::read_exactly(server.get(), wanted.size()), wanted);
}

TEST(Proxy, ThatIsAcceptedIsTakenOff) {
  for (const auto& header : {v1("192.0.2.1:4711"), v2("[2001:db8::1]:4711")}) {
    bench b;
    b.network().accept_proxy = true;
    b.start();
    const auto client = b.connect();
    test::send_all(client.get(), header + "payload");
    const auto server = b.accept();
    EXPECT_EQ(test::read_exactly(server.get(), 7), "payload");
  }
}

TEST(Proxy, ThatIsAcceptedIsPassedOnInTheVersionThatIsSent) {
  for (const int version : {1, 2}) {
    bench b;
    b.network().accept_proxy = b.network().send_proxy = true;
    b.network().send_proxy_version = version;
    b.start();
    const auto wanted = version == 1 ? v1("192.0.2.1:4711") : v2("192.0.2.1:4711");
    for (const auto& header : {v1("192.0.2.1:4711"), v2("192.0.2.1:4711")}) {
      const auto client = b.connect();
      test::send_all(client.get(), header + "payload");
      const auto server = b.accept();
      EXPECT_EQ(test::read_exactly(server.get(), wanted.size() + 7), wanted + "payload");
    }
  }
}

TEST(Proxy, WithoutAddressesThePeerIsTold) {
  using namespace std::string_literals;
  const auto signature = "\r\n\r\n\0\r\nQUIT\n"s;
  for (const auto& header :
       {"PROXY UNKNOWN\r\n"s, signature + "\x20\x00\x00\x00"s, signature + "\x21\x00\x00\x00"s,
        signature + "\x21\x12\x00\x0c"s + std::string(12, '\1')}) {
    bench b;
    b.network().accept_proxy = b.network().send_proxy = true;
    b.start();
    const auto client = b.connect();
    test::send_all(client.get(), header);
    const auto server = b.accept();
    const auto wanted =
        text_of(wire::write_proxy_v2(wire::only_source(test::address_of(client.get()))));
    EXPECT_EQ(test::read_exactly(server.get(), wanted.size()), wanted);
  }
}

TEST(Proxy, AClientThatHasNotSentItsHeaderCostsNoConnection) {
  bench b;
  b.network().accept_proxy = true;
  b.network().accept_proxy_timeout = 200ms;
  b.start();
  const auto silent = b.connect();
  const auto slow = b.connect();
  test::send_all(slow.get(), "PROXY TCP4 ");
  EXPECT_EQ(test::read_to_end(silent.get()), "");
  EXPECT_EQ(test::read_to_end(slow.get()), "");
  EXPECT_TRUE(b.has_ended(end_reason::proxy_timeout, 2));
  EXPECT_TRUE(b.nobody_knocks());
  EXPECT_NE(b.log_text().find("error: reading the PROXY header: timed out"), std::string::npos);
}

TEST(Proxy, WhatIsNoHeaderEndsTheConnection) {
  bench b;
  b.network().accept_proxy = true;
  b.start();
  const auto client = b.connect();
  test::send_all(client.get(), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(test::sees_reset(client.get())) << "what it has sent was not read";
  EXPECT_TRUE(b.has_ended(end_reason::bad_proxy_header));
  const auto cut = b.connect();
  test::send_all(cut.get(), "PROXY TCP4");
  test::shut_write(cut.get());
  EXPECT_EQ(test::read_to_end(cut.get()), "");
  EXPECT_TRUE(b.has_ended(end_reason::bad_proxy_header, 2));
  EXPECT_TRUE(b.nobody_knocks());
  EXPECT_NE(b.log_text().find("error: reading the PROXY header: there is no PROXY header"),
            std::string::npos);
}

TEST(Proxy, WhoOnlyLooksWhetherThePortIsOpenIsNoError) {
  bench b;
  b.network().accept_proxy = true;
  b.start();
  test::shut_write(b.connect().get());
  EXPECT_TRUE(b.has_ended(end_reason::client_eof));
  auto client = b.connect();
  ASSERT_TRUE(test::wait_until([&] { return b.running->count(0).accepted == 2; }));
  test::reset(std::move(client));
  EXPECT_TRUE(b.has_ended(end_reason::reset_by_client));
  EXPECT_TRUE(b.nobody_knocks());
  EXPECT_EQ(b.log_text().find("[ERROR]"), std::string::npos) << b.log_text();
}

TEST(Proxy, OfOthersThanTheTrustedIsRefusedAndSaidOnce) {
  bench b;
  b.network().accept_proxy = true;
  const auto block = [](const char* text) { return *config::parse_address_block(text); };
  b.network().trusted_proxies = {block("10.0.0.0/8"), block("127.0.0.9")};
  b.settings.endpoints.push_back(b.settings.endpoints[0]);
  b.settings.endpoints[1].network.trusted_proxies = {block("10.0.0.0/8"), block("127.0.0.0/8")};
  b.start();
  for (int i = 0; i < 3; ++i) {
    const auto client = b.connect();
    EXPECT_EQ(test::read_to_end(client.get()), "") << "not even waited for";
  }
  EXPECT_TRUE(b.has_ended(end_reason::untrusted_proxy, 3));
  EXPECT_TRUE(b.nobody_knocks());
  const auto text = b.log_text();
  const auto first = text.find("127.0.0.1 is not one of `trusted_proxies`");
  ASSERT_NE(first, std::string::npos) << text;
  EXPECT_EQ(text.find("is none of", first + 20), std::string::npos) << text;

  const auto client = b.connect(1);
  test::send_all(client.get(), v1("192.0.2.1:4711") + "x");
  const auto server = b.accept();
  EXPECT_EQ(test::read_exactly(server.get(), 1), "x");
}

TEST(Proxy, SourceDecidesForIpHash) {
  test::talkers remotes(4);
  relay_bench b;
  auto& network = remotes.give_to(b, "iphash: 1, 1, 1, 1").network;
  network.accept_proxy = true;
  b.start();
  const auto heard = [&](int host) {
    const auto client = b.connect();
    const auto source = "192.0.2." + std::to_string(host) + ":4711";
    test::send_all(client.get(), v1(source.c_str()));
    return test::read_exactly(client.get(), 1);
  };
  std::string all;
  for (int i = 1; i < 40; ++i) {
    const auto who = heard(i);
    EXPECT_EQ(heard(i), who) << "the same client, the same remote";
    if (all.find(who) == std::string::npos) all += who;
  }
  EXPECT_EQ(all.size(), 4U) << "one sender, but many clients: " << all;
}

TEST(Proxy, GoesToTheRemoteThatAnswersAndNobodyElse) {
  bench b;
  auto& endpoint = b.settings.endpoints[0];
  endpoint.extra_remotes = {endpoint.remote};
  endpoint.remote = test::literal(test::refusing_address());
  b.network().accept_proxy = b.network().send_proxy = true;
  b.network().send_proxy_version = 1;
  b.start();
  const auto client = b.connect();
  test::send_all(client.get(), v2("192.0.2.1:4711") + "payload");
  test::shut_write(client.get());
  const auto server = b.accept();
  EXPECT_EQ(test::read_to_end(server.get()), v1("192.0.2.1:4711") + "payload");
}

TEST(Proxy, IsSentToTheAddressOfANameThatAnswers) {
  relay_bench b;
  const auto remote = test::listen_any("127.0.0.3");
  b.options.names.hosts = b.folder.file("hosts", "127.0.0.2 several\n127.0.0.3 several\n");
  b.options.names.resolv_conf = b.folder.file("resolv.conf", "");
  auto& network = b.add(test::named("several", test::address_of(remote.get()).port)).network;
  network.accept_proxy = network.send_proxy = true;
  b.start();
  const auto client = b.connect();
  test::send_all(client.get(), v2("192.0.2.1:4711") + "payload");
  test::shut_write(client.get());
  const auto server = test::accept_one(remote.get());
  EXPECT_EQ(test::read_to_end(server.get()), v2("192.0.2.1:4711") + "payload");
}

TEST(Proxy, ClientsThatTakeTheirTimeDoNotUseUpConnectLimit) {
  bench b;
  auto& endpoint = b.settings.endpoints[0];
  endpoint.extra_remotes = {endpoint.remote};
  endpoint.remote = test::literal(test::refusing_address());
  endpoint.network.accept_proxy = true;
  endpoint.network.connect_limit = 200ms;  // there must be some left for the second remote
  b.settings.endpoints.push_back(endpoint);
  b.settings.endpoints[1].network.accept_proxy_timeout = 300ms;  // tells when it is over
  b.start();
  const auto client = b.connect(0);
  ASSERT_TRUE(test::wait_until([&] { return b.running->count(0).accepted == 1; }));
  EXPECT_EQ(test::read_to_end(b.connect(1).get()), "");
  test::send_all(client.get(), v1("192.0.2.1:4711"));
  EXPECT_TRUE(b.accept());
}

TEST(Proxy, AHeaderIsAPlaceUnderMaxConnectionsWhileItIsWaitedFor) {
  bench b;
  b.settings.endpoints[0].max_connections = 1;
  b.network().accept_proxy = true;
  b.network().accept_proxy_timeout = 300ms;
  b.start();
  const auto silent = b.connect();
  ASSERT_TRUE(test::wait_until([&] { return b.running->count(0).accepted == 1; }));
  const auto next = b.connect();
  test::send_all(next.get(), v1("192.0.2.1:4711") + "x");
  const auto server = b.accept();
  EXPECT_EQ(test::read_exactly(server.get(), 1), "x");
  EXPECT_EQ(b.ended(end_reason::proxy_timeout), 1U) << "only then there was room";
}

TEST(Proxy, StopEndsThoseWhoHaveNotSentTheirHeader) {
  bench b;
  b.network().accept_proxy = true;
  b.network().accept_proxy_timeout = 0ms;  // for ever
  b.start();
  const auto silent = b.connect();
  const auto slow = b.connect();
  test::send_all(slow.get(), "PROXY ");
  ASSERT_TRUE(test::wait_until([&] { return b.running->count(0).accepted == 2; }));
  b.running->stop();
  EXPECT_TRUE(test::sees_reset(silent.get()));
  EXPECT_TRUE(test::sees_reset(slow.get()));
  EXPECT_EQ(b.ended(end_reason::shutdown), 2U);
}

TEST(Proxy, ADrainWaitsForWhoIsSendingItsHeader) {
  bench b;
  b.network().accept_proxy = true;
  b.network().half_close_timeout = 0ms;
  b.start();
  const auto client = b.connect();
  ASSERT_TRUE(test::wait_until([&] { return b.running->count(0).accepted == 1; }));
  std::atomic<bool> drained = false;
  b.running->drain([&] { drained = true; });
  test::send_all(client.get(), v1("192.0.2.1:4711") + "x");
  const auto server = b.accept();
  EXPECT_EQ(test::read_exactly(server.get(), 1), "x");
  EXPECT_FALSE(drained);
  test::shut_write(client.get());
  EXPECT_TRUE(test::wait_until([&] { return drained.load(); }));
}

TEST(Proxy, ARemoteThatLeadsBackEndsTheConnectionAfterTheHeader) {
  relay_bench b;
  b.options.names.hosts = b.folder.file("hosts", "127.0.0.1 myself\n");
  b.options.names.resolv_conf = b.folder.file("resolv.conf", "");
  const auto port = test::refusing_address().port;
  auto& endpoint = b.add(test::named("myself", port));
  endpoint.listen = test::literal({*ip_address::parse("127.0.0.1"), port});
  endpoint.network.accept_proxy = endpoint.network.send_proxy = true;
  b.start();
  const auto client = b.connect();
  test::send_all(client.get(), v1("192.0.2.1:4711"));
  EXPECT_EQ(test::read_to_end(client.get()), "");
  EXPECT_TRUE(test::wait_until([&] { return b.ended(end_reason::loop) == 1; }));
}

TEST(Proxy, IsInTheLinesOfTheLog) {
  bench b;
  b.network().accept_proxy = true;
  const auto to = test::address_of(b.remote.get()).to_string();
  b.start();
  std::string from;
  {
    const auto client = b.connect();
    from = test::address_of(client.get()).to_string();
    test::send_all(client.get(), v1("192.0.2.1:4711"));
    b.accept();
  }
  ASSERT_TRUE(test::wait_until([&] { return b.running->connections() == 0; }));
  const auto text = b.log_text();
  for (const auto& line :
       {std::string("[realm_core::tcp::proxy][DEBUG][tcp]accept proxy-protocol-v1: "
                    "192.0.2.1:4711 => 198.51.100.2:443\n"),
        "[realm_core::tcp::middle][DEBUG][tcp]" + from + " => " + to + " as " + to + '\n',
        "session done id=1 client=192.0.2.1:4711 via=" + from +
            " listen=" + b.running->bound(0)->to_string() + " remote=" + to + " up=0 "}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "is not in\n" << text;
  }
}

}  // namespace
}  // namespace relay::forward
