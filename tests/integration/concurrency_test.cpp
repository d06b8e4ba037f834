// What the workers share, under load from several sides at once; also run under TSan.
#include "support/echo_server.hpp"
#include "support/ranges.hpp"
#include "support/relay_bench.hpp"
#include "support/talkers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace relay::forward {
namespace {

using test::echo_server;
using test::relay_bench;

void talk(relay_bench& b, std::size_t endpoint, unsigned seed) {
  const auto client = b.connect(endpoint);
  const auto said = test::pattern(20'000 + seed, seed);
  test::send_all(client.get(), said);
  test::shut_write(client.get());
  EXPECT_EQ(test::read_to_end(client.get()), said);
}

TEST(Concurrency, ManyClientsOnManyWorkersByAddressAndByName) {
  relay_bench b(4);
  echo_server remote;
  b.options.names.hosts = b.folder.file("hosts", "127.0.0.1 echo\n");
  b.add(remote.address());
  b.add(test::named("echo", remote.address().port));
  b.add(test::refusing_address());
  b.start();
  std::vector<std::thread> clients;
  for (unsigned t = 0; t < 4; ++t) {
    clients.emplace_back([&b, t] {
      for (unsigned i = 0; i < 40; ++i) {
        talk(b, i % 2, t * 100 + i);
        const auto refused = b.connect(2);  // the storm's lock
        EXPECT_EQ(test::read_to_end(refused.get()), "");
      }
    });
  }
  for (auto& each : clients) each.join();
  EXPECT_TRUE(test::wait_until([&] { return b.running->connections() == 0; }));
  for (const auto load : b.running->loads()) EXPECT_EQ(load, 0U);
  EXPECT_EQ(b.running->count(0).accepted + b.running->count(1).accepted, 160U);
}

TEST(Concurrency, StoppingInTheMiddleOfEverythingLosesNothingOfOurs) {
  for (int round = 0; round < 5; ++round) {
    relay_bench b(4);
    echo_server remote;
    b.add(remote.address());
    b.add(test::named("localhost", remote.address().port));
    b.start(logs::level::off);
    std::atomic<bool> stop = false;
    std::vector<std::thread> clients;
    for (std::size_t t = 0; t < 3; ++t) {
      clients.emplace_back([&, t] {
        while (!stop) {
          try {
            const auto client = b.connect(t % 2);
            test::send_all(client.get(), "x");
          } catch (const std::exception&) {
            return;  // the relay has stopped listening
          }
        }
      });
    }
    EXPECT_TRUE(test::wait_until([&] { return b.running->count(0).accepted > 50; }));
    std::atomic<bool> drained = false;
    if (round % 2 == 0) b.running->drain([&] { drained = true; });
    b.running->stop();
    stop = true;
    for (auto& each : clients) each.join();
    EXPECT_EQ(b.running->connections(), 0U);
  }
}

// Never one too many, and nobody waits while there is room: each client gets its turn.
TEST(Concurrency, LimitsOfConnectionsAreExactAndNobodyIsForgotten) {
  relay_bench b(4);
  test::talkers remotes(2);
  b.add(remotes.address(0)).max_connections = 3;
  b.add(remotes.address(1)).max_connections = 4;
  b.settings.process.max_connections = 5;
  b.start(logs::level::warn);
  std::atomic<bool> over = false;
  std::atomic<std::size_t> most = 0;
  std::thread observer([&] {
    while (!over) most = std::max(most.load(), b.running->connections());
  });
  std::vector<std::thread> clients;
  for (std::size_t t = 0; t < 12; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        EXPECT_EQ(test::read_exactly(b.connect(t % 2).get(), 1), std::to_string(t % 2));
      }
    });
  }
  for (auto& each : clients) each.join();
  over = true;
  observer.join();
  EXPECT_LE(most, 5U);
  EXPECT_EQ(remotes.counts(), (std::vector<int>{240, 240}));
  EXPECT_TRUE(test::wait_until([&] { return b.running->connections() == 0; }));
}

TEST(Concurrency, RemotesComeAndGoWhileManyWorkersChoose) {
  for (const auto* balance : {"roundrobin: 3, 2, 1", "iphash: 1, 1, 1", ""}) {
    relay_bench b(4);
    test::talkers remotes(3);
    // A listener that closes may forget a connection without a word; a probe finds out.
    remotes.give_to(b, balance).network.tcp_keepalive = std::chrono::seconds(1);
    b.start(logs::level::info);
    std::atomic<bool> over = false;
    std::vector<std::thread> clients;
    for (int t = 0; t < 3; ++t) {
      clients.emplace_back([&] {
        while (!over) test::talkers::heard(b, 1);  // an answer, or nothing: but it ends
      });
    }
    for (std::size_t round = 0; round < 12; ++round) {
      remotes.stop(round % 3);
      const auto before = b.running->count(0).accepted.load();
      EXPECT_TRUE(test::wait_until([&] { return b.running->count(0).accepted > before + 20; }));
      remotes.resume(round % 3);
    }
    over = true;
    for (auto& each : clients) each.join();
    EXPECT_TRUE(test::wait_until(
        [&] { return test::talkers::heard(b, 20).find('-') == std::string::npos; }));
  }
}

// Its sockets are bound, and put on the pollers of the workers, by several threads at once.
TEST(Concurrency, ManyPortsComeUpAndGoAtOnce) {
  constexpr std::uint16_t count = 700;
  if (!test::room_for(2 * count + 200)) GTEST_SKIP() << "the limit of descriptors is too low";
  const auto before = net::descriptors().open;
  {
    relay_bench b(4);
    test::talkers remotes(1);
    auto& from = b.add(remotes.address(0));
    from.network.use_udp = true;
    from.listen = test::literal({test::own_address(), 0});
    for (std::uint16_t first = 10007; first < 60000;
         first = static_cast<std::uint16_t>(first + 1999)) {
      from.listen.ports = {first, static_cast<std::uint16_t>(first + count - 1)};
      b.options.workers = 4;
      b.start(logs::level::off);
      if (b.failures.empty()) break;
      b.running.reset();
    }
    ASSERT_TRUE(b.failures.empty()) << b.failures.front().message;
    auto at = *b.running->bound(0);
    for (int i = 0; i < count; i += 50, at.port = static_cast<std::uint16_t>(at.port + 50)) {
      EXPECT_EQ(test::read_exactly(test::connect_to(at).get(), 1), "0");
    }
  }
  EXPECT_EQ(net::descriptors().open, before);
}

}  // namespace
}  // namespace relay::forward
