// Connections to the remote that are made before their clients.
#include "support/layer_bench.hpp"
#include "support/talkers.hpp"
#include "support/transport_chain.hpp"

#include <relay/wire/proxy.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using forward::end_reason;
using test::relay_bench;
using test::transport_chain;
using test::transport_kinds;
using test::wait_until;

bool has_ready(relay_bench& b, std::uint64_t count) {
  return wait_until([&] { return b.running->count(0).warm_ready == count; });
}
std::uint64_t used(const relay_bench& b) { return b.running->count(0).warm; }
bool is_silent(const unique_fd& server) { return test::waiting_at(server.get()) == 0; }

struct bench : test::remote_bench {
  explicit bench(std::uint32_t warm, std::size_t workers = 1) : remote_bench("127.0.0.1", workers) {
    network().warm = warm;
  }
};

/// Two relays with a transport between them, the near one warm.
struct chain : test::remote_chain {
  explicit chain(const std::string& kind) : remote_chain(kind, 1) {
    near.settings.endpoints[0].network.warm = 1;
  }
};

TEST(Warm, TheFirstByteGoesOverAConnectionThatWasThereBefore) {
  bench b(1);
  b.start();
  const auto early = b.accept();
  ASSERT_TRUE(has_ready(b, 1));
  const auto client = b.connect();
  test::send_all(client.get(), "hello");
  EXPECT_EQ(test::read_exactly(early.get(), 5), "hello");
  test::send_all(early.get(), "answer");
  EXPECT_EQ(test::read_exactly(client.get(), 6), "answer");
  EXPECT_EQ(used(b), 1U);
  EXPECT_NE(b.log_text().find(" (warm)"), std::string::npos);
  const auto next = b.accept();
  EXPECT_TRUE(is_silent(next)) << "the successor waits for the next client";
  test::shut_write(early.get());
  EXPECT_EQ(test::read_to_end(client.get()), "");
}

TEST(Warm, IsOffByDefault) {
  bench b(0);
  b.start();
  const auto client = b.connect();
  const auto server = b.accept();
  EXPECT_TRUE(b.nobody_knocks());
  EXPECT_EQ(used(b), 0U);
  EXPECT_EQ(b.log_text().find("warm"), std::string::npos);
}

TEST(Warm, AsManyAreKeptAsAreAskedForOnAllWorkersTogether) {
  bench b(5, 2);
  b.start();
  std::vector<unique_fd> servers;
  for (int i = 0; i < 5; ++i) servers.push_back(b.accept());
  EXPECT_TRUE(has_ready(b, 5));
  EXPECT_TRUE(b.nobody_knocks());
}

TEST(Warm, WhoFindsNoneReadyIsServedAllTheSame) {
  bench b(1);
  b.start();
  std::vector<unique_fd> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(b.connect());
  for (const auto& each : clients) test::send_all(each.get(), "x");
  std::vector<unique_fd> servers;
  const auto has_spoken = [](const unique_fd& each) { return test::waiting_at(each.get()) == 1; };
  test::set_non_blocking(b.remote.get());
  EXPECT_TRUE(wait_until([&] {
    unique_fd next(::accept(b.remote.get(), nullptr, nullptr));
    if (next) servers.push_back(std::move(next));
    return std::ranges::count_if(servers, has_spoken) == 20;
  }));
}

TEST(Warm, ManyClientsOnManyWorkersEachHaveOneOfTheirOwn) {
  transport_chain c("wss", test::refusing_address(), 4);
  test::talkers remotes(1);
  auto& far = c.far.settings.endpoints[0];
  far.remote = test::literal(remotes.address(0));
  auto& near = c.near.settings.endpoints[0].network;
  near.warm = 8;
  near.warm_max_age = 500ms;
  c.start();
  std::vector<std::thread> clients;
  std::atomic<int> heard{0};
  for (int t = 0; t < 4; ++t) {
    clients.emplace_back([&] {
      if (test::talkers::heard(c.near, 25) == std::string(25, '0')) ++heard;
    });
  }
  for (auto& each : clients) each.join();
  EXPECT_EQ(heard, 4);
  EXPECT_TRUE(wait_until([&] { return c.near.running->connections() == 0; }));
}

// FIN or RST seen: the next one.
TEST(Warm, WhatTheRemoteHasLeftIsNotUsed) {
  for (const bool by_reset : {false, true}) {
    bench b(2);
    b.start();
    auto gone = b.accept();
    const auto other = b.accept();
    ASSERT_TRUE(has_ready(b, 2));
    if (by_reset) {
      test::reset(std::move(gone));
    } else {
      test::shut_write(gone.get());
    }
    ASSERT_TRUE(has_ready(b, 1));
    const auto client = b.connect();
    test::send_all(client.get(), "hello");
    EXPECT_EQ(test::read_exactly(other.get(), 5), "hello");
    EXPECT_EQ(used(b), 1U);
  }
}

TEST(Warm, ARemoteThatClosesAtOnceIsNotDialledInALoop) {
  relay_bench b(1);
  test::talkers remotes(1);
  b.add(remotes.address(0)).network.warm = 4;
  b.start();
  ASSERT_TRUE(wait_until([&] {
    return b.log_text().find("no connections are kept ready for now") != std::string::npos;
  }));
  EXPECT_EQ(remotes.heard(b, 5), "00000") << "clients are served";
  EXPECT_LE(b.running->count(0).warm_made, 8U);
}

TEST(Warm, ARemoteThatRefusesIsSaidOnceAndTriedAgain) {
  relay_bench b(1);
  test::talkers remotes(1);
  remotes.stop(0);
  b.add(remotes.address(0)).network.warm = 2;
  b.start();
  const auto lines = [&](const std::string& what) {
    const auto text = b.log_text();
    std::size_t found = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
    return found;
  };
  const std::string trouble =
      ": no connections are kept ready for now: connecting: connection refused";
  ASSERT_TRUE(wait_until([&] { return lines(trouble) == 1; }));
  EXPECT_EQ(b.running->count(0).warm_made, 0U);
  remotes.resume(0);
  ASSERT_TRUE(wait_until([&] { return b.running->count(0).warm_made > 0; }));
  EXPECT_EQ(lines(trouble), 1U);
}

TEST(Warm, WhatTheRemoteSaysFirstIsKeptAndDelivered) {
  bench b(1);
  b.start();
  const auto server = b.accept();
  test::send_all(server.get(), "SSH-2.0-early\r\n");
  ASSERT_TRUE(has_ready(b, 1));
  const auto client = b.connect();
  EXPECT_EQ(test::read_exactly(client.get(), 15), "SSH-2.0-early\r\n");
  EXPECT_EQ(used(b), 1U);
}

TEST(Warm, SoItIsThroughEveryTransport) {
  for (const auto& kind : transport_kinds) {
    chain c(kind);
    c.start();
    const auto server = c.accept();  // the far relay's client is there before ours
    const std::string banner = "SSH-2.0-early\r\n";
    test::send_all(server.get(), banner);
    ASSERT_TRUE(has_ready(c.near, 1)) << kind;
    const auto client = c.near.connect();
    test::send_all(client.get(), "hello");
    EXPECT_EQ(test::read_exactly(client.get(), banner.size()), banner) << kind;
    EXPECT_EQ(test::read_exactly(server.get(), 5), "hello") << kind;
    test::send_all(server.get(), "answer");
    EXPECT_EQ(test::read_exactly(client.get(), 6), "answer") << kind;
    EXPECT_EQ(used(c.near), 1U) << kind;
    const auto next = c.accept();
    test::shut_write(server.get());
    EXPECT_EQ(test::read_to_end(client.get()), "") << kind;
    test::shut_write(client.get());
    EXPECT_EQ(test::read_to_end(server.get()), "") << kind;
    EXPECT_TRUE(wait_until([&] { return c.near.running->count(0).down_bytes == 21U; })) << kind;
  }
}

TEST(Warm, MoreThanFitsAnywhereWaitsWhereItIs) {
  for (const auto& kind : {"", "ws", "tls", "wss"}) {
    chain c(kind);
    c.start();
    const auto server = c.accept();
    const auto much = test::pattern(3'000'000);
    std::thread sender([&] {
      test::send_all(server.get(), much);
      test::shut_write(server.get());
    });
    ASSERT_TRUE(has_ready(c.near, 1)) << kind;
    const auto client = c.near.connect();
    EXPECT_EQ(test::read_to_end(client.get()), much) << kind;
    EXPECT_EQ(used(c.near), 1U) << kind;
    sender.join();
  }
}

// What ends through the transport: close_notify and FIN, or a close frame.
TEST(Warm, AnEndThroughATransportIsSeenToo) {
  for (const auto& kind : transport_kinds) {
    chain c(kind);
    c.start();
    auto server = c.accept();
    ASSERT_TRUE(has_ready(c.near, 1)) << kind;
    test::shut_write(server.get());
    ASSERT_TRUE(has_ready(c.near, 0)) << kind;
    const auto client = c.near.connect();
    test::send_all(client.get(), "hello");
    const auto other = c.accept();
    EXPECT_EQ(test::read_exactly(other.get(), 5), "hello") << kind;
    EXPECT_EQ(used(c.near), 0U) << kind;
  }
}

TEST(Warm, AnIdleOneIsReplacedBeforeItGetsOld) {
  for (const auto& kind : {"", "wss"}) {
    chain c(kind);
    c.near.settings.endpoints[0].network.warm_max_age = 1s;
    c.start();
    const auto first = c.accept();
    const auto second = c.accept();  // nobody has come, and still it has a successor
    bool was_reset = true;
    EXPECT_EQ(test::read_to_end(first.get(), &was_reset), "");
    EXPECT_FALSE(was_reset) << kind;
    EXPECT_EQ(used(c.near), 0U);
  }
}

TEST(Warm, TheProxyHeaderIsWrittenWhenTheClientIsKnown) {
  for (const int version : {1, 2}) {
    bench b(1);
    b.network().send_proxy = true;
    b.network().send_proxy_version = version;
    b.start();
    const auto server = b.accept();
    ASSERT_TRUE(has_ready(b, 1));
    EXPECT_TRUE(is_silent(server)) << "nobody is there to be told of";
    const auto client = b.connect();
    test::send_all(client.get(), "hello");
    const auto whom = wire::only_source(test::address_of(client.get()));
    const auto header = version == 1 ? wire::write_proxy_v1(whom) : wire::write_proxy_v2(whom);
    const std::string bytes(reinterpret_cast<const char*>(header.span().data()),
                            header.span().size());
    EXPECT_EQ(test::read_exactly(server.get(), bytes.size() + 5), bytes + "hello");
    EXPECT_EQ(used(b), 1U);
  }
}

// The header lies below the handshakes, so these wait for the client; the connect has not.
TEST(Warm, WithAProxyHeaderBelowATransportOnlyTheConnectIsDoneAhead) {
  for (const auto& kind : transport_kinds) {
    chain c(kind);
    c.near.settings.endpoints[0].network.send_proxy = true;
    c.far.settings.endpoints[0].network.accept_proxy = true;
    c.far.settings.endpoints[0].network.send_proxy = true;
    c.far.settings.endpoints[0].network.send_proxy_version = 1;
    c.start();
    ASSERT_TRUE(has_ready(c.near, 1)) << kind;
    const auto client = c.near.connect();
    test::send_all(client.get(), "hello");
    const auto server = c.accept();
    const auto header = wire::write_proxy_v1(wire::only_source(test::address_of(client.get())));
    const std::string bytes(reinterpret_cast<const char*>(header.span().data()),
                            header.span().size());
    EXPECT_EQ(test::read_exactly(server.get(), bytes.size() + 5), bytes + "hello") << kind;
    EXPECT_EQ(used(c.near), 1U) << kind;
    EXPECT_NE(c.near.log_text().find(" (warm)"), std::string::npos) << kind;
  }
}

// A server that demands something else of it: the client is dialled for anew, and served.
TEST(Warm, AHandshakeThatFailsOnOneIsTriedAnew) {
  bench b(1);
  b.network().send_proxy = true;
  b.settings.endpoints[0].remote_transport = test::dial_text("ws");
  b.start();
  auto dead = b.accept();
  ASSERT_TRUE(has_ready(b, 1));
  const auto client = b.connect();
  ASSERT_TRUE(wait_until([&] { return used(b) == 1; }));
  test::send_all(dead.get(), "HTTP/1.1 502 Bad Gateway\r\n\r\n");
  auto anew = b.accept();
  auto successor = b.accept();
  EXPECT_TRUE(wait_until([&] {
    return test::waiting_at(anew.get()) > 0 || test::waiting_at(successor.get()) > 0;
  })) << "the header and the request come again";
  EXPECT_NE(b.log_text().find("a connection that was ready is of no use, dialling"),
            std::string::npos);
}

TEST(Warm, AClientThatIsRefusedTakesNone) {
  bench b(1);
  b.network().accept_proxy = true;
  b.start();
  const auto server = b.accept();
  ASSERT_TRUE(has_ready(b, 1));
  for (int i = 0; i < 3; ++i) {
    const auto client = b.connect();
    test::send_all(client.get(), "no header, and long enough to be sure of that\r\n");
    bool was_reset = false;
    EXPECT_EQ(test::read_to_end(client.get(), &was_reset), "");
  }
  ASSERT_TRUE(wait_until([&] { return b.ended(end_reason::bad_proxy_header) == 3; }));
  EXPECT_EQ(used(b), 0U);
  EXPECT_TRUE(is_silent(server));
  EXPECT_TRUE(b.nobody_knocks());
  const auto client = b.connect();
  test::send_all(client.get(), "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello");
  EXPECT_EQ(test::read_exactly(server.get(), 5), "hello");
}

TEST(Warm, EachRemoteHasItsShareAndAClientTakesOneOfItsOwn) {
  relay_bench b(1);
  const auto first = test::listen_any();
  const auto second = test::listen_any();
  auto& made = b.add(test::address_of(first.get()));
  made.extra_remotes = {test::literal(test::address_of(second.get()))};
  made.balance = "roundrobin: 1, 1";
  made.network.warm = 2;
  b.start();
  const auto at_first = test::accept_one(first.get());
  const auto at_second = test::accept_one(second.get());
  ASSERT_TRUE(has_ready(b, 2));
  const auto one = b.connect();
  test::send_all(one.get(), "one");
  EXPECT_EQ(test::read_exactly(at_first.get(), 3), "one");
  const auto two = b.connect();
  test::send_all(two.get(), "two");
  EXPECT_EQ(test::read_exactly(at_second.get(), 3), "two");
  EXPECT_EQ(used(b), 2U);
}

// Without a strategy the others are backups: they get none until the first is put aside, which a
// connect ahead can do without costing a client anything.
TEST(Warm, ABackupIsWarmedWhenTheFirstRemoteIsPutAside) {
  relay_bench b(1);
  const auto backup = test::listen_any();
  auto& made = b.add(test::refusing_address());
  made.extra_remotes = {test::literal(test::address_of(backup.get()))};
  made.network.warm = 1;
  b.start();
  const auto server = test::accept_one(backup.get());
  ASSERT_TRUE(has_ready(b, 1));
  EXPECT_NE(b.log_text().find("put aside"), std::string::npos);
  const auto client = b.connect();
  test::send_all(client.get(), "hello");
  EXPECT_EQ(test::read_exactly(server.get(), 5), "hello");
}

TEST(Warm, ARemoteThatIsPutAsideKeepsNone) {
  relay_bench b(1);
  test::talkers backup(1);
  auto failing = test::listen_any();
  auto& made = b.add(test::address_of(failing.get()));
  made.extra_remotes = {test::literal(backup.address(0))};
  made.network.warm = 2;
  made.network.warm_max_age = 1s;
  b.start();
  const auto first = test::accept_one(failing.get());
  const auto second = test::accept_one(failing.get());
  failing.reset();  // from now on it refuses, while those two stay open
  EXPECT_EQ(test::read_to_end(first.get()), "");
  EXPECT_EQ(test::read_to_end(second.get()), "");
  ASSERT_TRUE(wait_until([&] { return b.log_text().find("put aside") != std::string::npos; }));
  EXPECT_EQ(backup.heard(b, 3), "000");
}

TEST(Warm, ANameIsLookedUp) {
  bench b(1);
  b.options.names.hosts = b.folder.file("hosts", "127.0.0.1 here\n");
  b.options.names.resolv_conf = b.folder.file("resolv.conf", "");
  const auto port = test::address_of(b.remote.get()).port;
  b.settings.endpoints[0].remote = test::named("here", port);
  b.start();
  const auto server = b.accept();
  ASSERT_TRUE(has_ready(b, 1));
  const auto client = b.connect();
  test::send_all(client.get(), "hello");
  EXPECT_EQ(test::read_exactly(server.get(), 5), "hello");
}

unique_fd listen_at(const ip_endpoint& at) {
  unique_fd made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const socket_address address(at);
  EXPECT_EQ(::bind(made.get(), address.data(), address.length), 0);
  EXPECT_EQ(::listen(made.get(), 64), 0);
  return made;
}

TEST(Warm, AnAddressThatTheNameHasLeftIsNotUsed) {
  bench b(2);
  std::atomic<int> hours{0};
  const auto begin = std::chrono::steady_clock::now();
  b.options.names.now = [&] { return begin + std::chrono::hours(hours); };
  b.options.names.hosts = b.folder.file("hosts", "127.0.0.1 here\n");
  b.options.names.resolv_conf = b.folder.file("resolv.conf", "");
  const auto port = test::address_of(b.remote.get()).port;
  b.settings.endpoints[0].remote = test::named("here", port);
  b.start();
  const auto first = b.accept();
  const auto second = b.accept();
  ASSERT_TRUE(has_ready(b, 2));
  const auto moved = listen_at({*ip_address::parse("127.0.0.2"), port});
  b.folder.file("hosts", "127.0.0.2 here\n");
  ++hours;  // so that the file is looked at
  const auto client = b.connect();
  test::send_all(client.get(), "hello");
  EXPECT_EQ(test::read_to_end(first.get()), "");
  EXPECT_EQ(test::read_to_end(second.get()), "");
  std::vector<unique_fd> servers;
  test::set_non_blocking(moved.get());
  EXPECT_TRUE(wait_until([&] {
    unique_fd next(::accept(moved.get(), nullptr, nullptr));
    if (next) servers.push_back(std::move(next));
    return std::ranges::any_of(
        servers, [](const unique_fd& each) { return test::waiting_at(each.get()) == 5; });
  }));
  EXPECT_EQ(used(b), 0U);
}

TEST(Warm, TheOwnListenerIsNotDialled) {
  relay_bench b(1);
  b.options.names.hosts = b.folder.file("hosts", "127.0.0.1 myself\n");
  b.options.names.resolv_conf = b.folder.file("resolv.conf", "");
  const auto port = test::refusing_address().port;
  auto& made = b.add(test::named("myself", port));
  made.listen = test::literal({*ip_address::parse("127.0.0.1"), port});
  made.network.warm = 4;
  b.start();
  ASSERT_TRUE(b.failures.empty());
  ASSERT_TRUE(wait_until([&] {
    return b.log_text().find("no connections are kept ready for now") != std::string::npos;
  }));
  EXPECT_EQ(b.running->count(0).accepted, 0U);
}

TEST(Warm, DrainingDropsThemAtOnceAndMakesNoMore) {
  bench b(1);
  b.start();
  const auto used_one = b.accept();
  ASSERT_TRUE(has_ready(b, 1));
  const auto client = b.connect();
  test::send_all(client.get(), "x");
  EXPECT_EQ(test::read_exactly(used_one.get(), 1), "x");
  const auto idle = b.accept();
  ASSERT_TRUE(has_ready(b, 1));
  std::atomic<bool> drained{false};
  b.running->drain([&] { drained = true; });
  EXPECT_EQ(test::read_to_end(idle.get()), "");
  EXPECT_TRUE(has_ready(b, 0));
  EXPECT_FALSE(drained) << "a connection goes on";
  EXPECT_TRUE(b.nobody_knocks());
  test::send_all(client.get(), "y");
  EXPECT_EQ(test::read_exactly(used_one.get(), 1), "y");
}

TEST(Warm, AtTheEndThatDrainsTheyAreConnectionsLikeOthers) {
  for (const auto& kind : {"", "wss"}) {
    chain c(kind);
    c.start();
    const auto server = c.accept();
    ASSERT_TRUE(has_ready(c.near, 1)) << kind;
    std::atomic<bool> drained{false};
    c.far.running->drain([&] { drained = true; });
    const auto client = c.near.connect();
    test::send_all(client.get(), "x");
    EXPECT_EQ(test::read_exactly(server.get(), 1), "x") << kind;
    EXPECT_FALSE(drained) << kind;
    test::shut_write(client.get());
    test::shut_write(server.get());
    EXPECT_TRUE(wait_until([&] { return drained.load(); })) << kind;
  }
}

TEST(Warm, ADrainLetsGoOfThemAtTheOtherEndToo) {
  for (const auto& kind : {"", "wss"}) {
    chain c(kind);
    c.start();
    const auto server = c.accept();
    ASSERT_TRUE(has_ready(c.near, 1)) << kind;
    c.near.running->drain([] {});
    bool was_reset = true;
    EXPECT_EQ(test::read_to_end(server.get(), &was_reset), "") << kind;
    EXPECT_FALSE(was_reset) << kind;
  }
}

TEST(Warm, StoppingWhileOneIsBeingMadeLeavesNothingBehind) {
  const test::black_hole silent;
  relay_bench b(2);
  b.add(silent.address()).network.warm = 8;
  b.start();
  b.running->stop();
  EXPECT_EQ(b.running->count(0).warm_ready, 0U);
}

TEST(Warm, StoppingEndsThoseThatWait) {
  for (const auto& kind : transport_kinds) {
    chain c(kind);
    c.start();
    const auto server = c.accept();
    ASSERT_TRUE(has_ready(c.near, 1)) << kind;
    test::send_all(server.get(), "nobody will read this");
    c.near.running->stop();
    bool was_reset = false;
    EXPECT_EQ(test::read_to_end(server.get(), &was_reset), "") << kind;
  }
}

}  // namespace
}  // namespace relay::forward
