// Another configuration again and again while others use the old one; also run under TSan.
#include "support/echo_server.hpp"
#include "support/relay_bench.hpp"

#include <relay/forward/change.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using test::echo_server;
using test::relay_bench;

void apply(server& running, const config::settings& next) {
  auto made = running.prepare(next);
  for (const auto& each : made->failures) FAIL() << each.message;
  std::promise<void> done;
  running.apply(std::move(made), [&done] { done.set_value(); });
  done.get_future().wait();
}

/// What is different in the n-th configuration: the remote, limits, a listener that comes and goes,
/// the order, and what becomes of the sessions of the second endpoint.
config::settings variant(const config::settings& of, int n, const echo_server& other) {
  auto next = of;
  if (n % 2 == 1) next.endpoints[0].remote = test::literal(other.address());
  next.endpoints[0].network.tcp_timeout = 1000ms * (1 + n % 3);
  next.endpoints[0].max_connections = n % 3 == 0 ? 0 : 64;
  next.endpoints[1].network.idle_timeout = 60s + 1s * n;
  next.endpoints[1].network.on_change = n % 2 == 0 ? config::fate::cut : config::fate::drain;
  if (n % 5 == 2) {
    auto& passing = next.endpoints.emplace_back(next.endpoints[0]);
    passing.name = "passing";
    passing.network.use_udp = true;
    passing.listen = test::literal({*ip_address::parse("127.0.0.3"), 0});
  }
  if (n % 2 == 0) std::swap(next.endpoints.front(), next.endpoints.back());
  return next;
}

TEST(ReloadTraffic, LosesNothing) {
  relay_bench b(3);
  const echo_server one;
  const echo_server other;
  b.add(one.address()).name = "kept";
  const auto silent = test::listen_any("127.0.0.1", 256);
  b.add(test::address_of(silent.get())).name = "cut";
  b.settings.process.shutdown_timeout = 200ms;
  b.start(logs::level::off);
  const auto kept = *b.running->bound(0);
  const auto cut = *b.running->bound(1);
  b.settings.endpoints[0].listen = test::literal(kept);  // where the kernel has put them
  b.settings.endpoints[1].listen = test::literal(cut);
  std::atomic<bool> over{false};
  std::atomic<int> rounds{0};
  std::vector<std::thread> clients;
  for (unsigned t = 0; t < 4; ++t) {
    clients.emplace_back([&, t] {
      while (!over) {
        const auto client = test::connect_to(kept);
        const auto said = test::pattern(30'000, t);
        test::send_all(client.get(), said);
        test::shut_write(client.get());
        EXPECT_EQ(test::read_to_end(client.get()), said);
        ++rounds;
      }
    });
  }
  clients.emplace_back([&] {  // whatever becomes of these, it ends
    while (!over) {
      const auto client = test::connect_to(cut);
      bool was_reset = false;
      (void)test::read_to_end(client.get(), &was_reset);
    }
  });
  for (int n = 1; n <= 24; ++n) {
    const auto seen = rounds.load();
    apply(*b.running, variant(b.settings, n, other));
    EXPECT_TRUE(test::wait_until([&] { return rounds > seen + 2; })) << n;
  }
  over = true;
  // The last one at `cut` ends with its rule.
  auto next = b.settings;
  next.endpoints[1].network.on_change = config::fate::cut;
  next.endpoints[1].network.idle_timeout = 1s;
  apply(*b.running, next);
  for (auto& each : clients) each.join();
  EXPECT_TRUE(test::wait_until([&] { return b.running->connections() == 0; }));
  for (const auto load : b.running->loads()) EXPECT_EQ(load, 0U);
}

}  // namespace
}  // namespace relay::forward
