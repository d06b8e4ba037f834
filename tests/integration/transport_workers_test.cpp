// Handshakes on several workers, which share certificates and sessions; also run under TSan.
#include "support/echo_server.hpp"
#include "support/transport_chain.hpp"

#include <relay/net/descriptors.hpp>

#include <gtest/gtest.h>

#include <malloc.h>

#include <atomic>
#include <thread>
#include <vector>

namespace relay::forward {
namespace {

using test::transport_chain;

void talk(transport_chain& c, unsigned seed) {
  const auto client = c.near.connect();
  const auto said = test::pattern(20'000 + seed, seed);
  test::send_all(client.get(), said);
  test::shut_write(client.get());
  EXPECT_EQ(test::read_to_end(client.get()), said);
}

TEST(TransportWorkers, ManyClientsAtOnceGetTheirOwnBytes) {
  for (const auto& kind : test::transport_kinds) {
    const test::echo_server remote;
    transport_chain c(kind, remote.address(), 4);
    c.start(logs::level::warn);
    std::vector<std::thread> clients;
    for (unsigned t = 0; t < 4; ++t) {
      clients.emplace_back([&c, t] {
        for (unsigned i = 0; i < 20; ++i) talk(c, t * 100 + i);
      });
    }
    for (auto& each : clients) each.join();
    EXPECT_TRUE(c.is_quiet());
    EXPECT_EQ(c.far.ended(forward::end_reason::client_eof), 80U) << kind;
    EXPECT_EQ(c.near.ended(forward::end_reason::client_eof), 80U) << kind;
    for (const auto load : c.near.running->loads()) EXPECT_EQ(load, 0U);
  }
}

TEST(TransportWorkers, StoppingInTheMiddleOfHandshakesLosesNothingOfOurs) {
  for (const auto& kind : test::transport_kinds) {
    const auto before = net::descriptors().open;
    for (const bool near_first : {false, true}) {
      const test::echo_server remote;
      transport_chain c(kind, remote.address(), 4);
      c.start(logs::level::off);
      std::atomic<bool> stop = false;
      std::vector<std::thread> clients;
      for (int t = 0; t < 3; ++t) {
        clients.emplace_back([&] {
          while (!stop) {
            try {
              const auto client = c.near.connect();
              const auto stranger = c.far.connect();
              test::send_all(client.get(), "x");
              test::send_all(stranger.get(), "\x16");  // of a handshake that never comes
            } catch (const std::exception&) {
              return;  // they have stopped listening
            }
          }
        });
      }
      EXPECT_TRUE(test::wait_until([&] { return c.far.running->count(0).accepted > 50; }));
      (near_first ? c.near : c.far).running->stop();
      (near_first ? c.far : c.near).running->stop();
      stop = true;
      for (auto& each : clients) each.join();
      EXPECT_EQ(c.near.running->connections() + c.far.running->connections(), 0U);
    }
    EXPECT_EQ(net::descriptors().open, before) << kind;
  }
}

TEST(TransportWorkers, TwoThousandHandshakesLeaveNothingBehind) {
  const test::echo_server remote;
  transport_chain c("wss", remote.address(), 2);
  c.start(logs::level::off);
  const auto serve = [&](int clients) {
    for (int i = 0; i < clients; ++i) {
      const auto client = c.near.connect();
      test::send_all(client.get(), "x");
      EXPECT_EQ(test::read_exactly(client.get(), 1), "x");
    }
    EXPECT_TRUE(c.is_quiet());
  };
  serve(150);  // pools, sessions and tables have their size then
  const auto open = net::descriptors().open;
  const auto used = ::mallinfo2().uordblks;
  serve(1000);  // a handshake on either side of the middle
  EXPECT_EQ(net::descriptors().open, open);
  const auto after = ::mallinfo2().uordblks;
  EXPECT_LT(after, used + (std::size_t{256} << 10)) << "bytes of the heap, before: " << used;
}

}  // namespace
}  // namespace relay::forward
