// The k-th allocation of a worker fails, or its k-th system call, for every k of a connection's
// life: whatever becomes of that connection, the process goes on, the next one is served, and
// nothing is left behind. Runs by itself, since it replaces `operator new` (support/faults.cpp).
#include "support/echo_remote.hpp"
#include "support/faults.hpp"
#include "support/name_server.hpp"
#include "support/transport_chain.hpp"

#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <poll.h>
#include <sys/socket.h>

#include <filesystem>
#include <functional>
#include <numeric>
#include <thread>

namespace relay::forward {
namespace {

namespace faults = test::faults;
using namespace std::chrono_literals;
using test::relay_bench;
using test::wait_until;

// More than any life has, so that one that never gets through its life is noticed.
constexpr std::uint64_t enough = 3000;

std::ptrdiff_t open_descriptors() {
  std::error_code ec;
  const std::filesystem::directory_iterator all("/proc/self/fd", ec);
  return std::distance(begin(all), end(all));
}

/// What an honest client hears: the echo of all it says, or less. Nobody may leave it waiting.
std::string ask(const ip_endpoint& at, const std::string& question) {
  const auto client = test::connect_to(at);
  std::thread writer([&] {
    try {
      test::send_all(client.get(), question);
      test::shut_write(client.get());
    } catch (const boost::system::system_error&) {  // it was reset
    }
  });
  std::string heard;
  try {
    bool reset = false;
    heard = test::read_to_end(client.get(), &reset);
  } catch (const std::exception& e) {
    ADD_FAILURE() << "the client was left alone: " << e.what();
    ::shutdown(client.get(), SHUT_RDWR);
  }
  writer.join();
  return heard;
}

/// Who speaks datagrams says it again until there is an answer.
std::string ask_by_datagrams(const ip_endpoint& at, const std::string& question) {
  const auto client = test::udp_socket();
  const auto until = std::chrono::steady_clock::now() + test::patience;
  std::string heard(2048, '\0');
  while (std::chrono::steady_clock::now() < until) {
    test::send_datagram(client.get(), question, at);
    pollfd watched{client.get(), POLLIN, 0};
    if (::poll(&watched, 1, 100) <= 0) continue;
    const auto n = ::recv(client.get(), heard.data(), heard.size(), 0);
    if (n > 0) return heard.substr(0, static_cast<std::size_t>(n));
  }
  return {};
}

/// Everybody who was accepted has ended, and has been counted once.
void expect_even_counters(const relay_bench& b) {
  const auto& count = b.running->count(0);
  const auto ended = std::accumulate(count.ended.begin(), count.ended.end(), std::uint64_t{0});
  EXPECT_EQ(ended, count.accepted + count.associations);
}

/// Relays whose clients live under faults. `life` is one life from outside: whether it was whole.
struct bench {
  std::vector<relay_bench*> relays;
  std::function<bool()> life;
  /// Descriptors that workers keep in store for what comes next: pipes, and the set of those that
  /// move much. Whether they are there depends on how the payload comes.
  std::ptrdiff_t kept_in_store = 0;

  bool is_quiet() const {
    return wait_until([this] {
      return std::ranges::all_of(relays, [](const auto* each) {
        return each->running->connections() == 0 && each->running->booked_associations() == 0;
      });
    });
  }
  /// A life without faults, and all that is left after it.
  void expect_all_well(std::ptrdiff_t descriptors) const {
    EXPECT_TRUE(is_quiet());
    EXPECT_TRUE(life()) << "the next client";
    EXPECT_TRUE(is_quiet());
    EXPECT_TRUE(wait_until([&] { return open_descriptors() <= descriptors; }))
        << open_descriptors() << " descriptors, were " << descriptors;
    for (const auto* each : relays) expect_even_counters(*each);
  }

  void run(faults::kind what) const {
    // Twice: what is made once and kept (engines, pipes, targets of the log) is there then.
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(life());
    ASSERT_TRUE(is_quiet());
    const auto descriptors = open_descriptors() + kept_in_store;
    bool is_through = false;
    for (std::uint64_t k = 1; !is_through; ++k) {
      ASSERT_LT(k, enough);
      faults::arm(what, k);
      const bool whole = life();
      is_through = !faults::disarm();
      EXPECT_TRUE(whole || !is_through) << "without a fault";
      expect_all_well(descriptors);
      if (::testing::Test::HasFailure()) FAIL() << "number " << k << ": " << faults::where();
    }
  }
};

class Faults : public ::testing::TestWithParam<faults::kind> {
 protected:
  test::echo_remote remote;

  void run(relay_bench& b, const std::string& before = {}, const std::string& question = "ask") {
    bench all{{&b}, [&] { return ask(*b.running->bound(0), before + question) == question; }};
    if (question.size() > 64 * 1024) all.kept_in_store = 5;
    all.run(GetParam());
  }
};

/// One client at a time: a place that is not given back shows at once.
struct one_by_one : relay_bench {
  explicit one_by_one(const host_port& remote) : relay_bench(1) { add(remote).max_connections = 1; }
  config::network& network() { return settings.endpoints[0].network; }
};

TEST_P(Faults, OfAPlainConnection) {
  one_by_one b(test::literal(remote.streams()));
  b.start();
  run(b);
}

TEST_P(Faults, OfAConnectionThatIsHandedToAnotherWorker) {
  relay_bench b(2);
  b.add(remote.streams());
  b.start();
  run(b);
}

TEST_P(Faults, OfMuchPayload) {
  one_by_one b(test::literal(remote.streams()));
  b.start();
  run(b, {}, test::pattern(3 << 20));
}

TEST_P(Faults, OfAConnectionWithRates) {
  one_by_one b(test::literal(remote.streams()));
  b.network().byte_rate = 1 << 30;
  b.network().idle_timeout = 60s;
  b.start();
  run(b);
}

TEST_P(Faults, OfAProxyHeaderBothWays) {
  one_by_one b(test::literal(remote.streams()));
  b.network().accept_proxy = true;
  b.start();
  run(b, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
}

TEST_P(Faults, OfTlsAndWebSocket) {
  test::transport_chain c("wss", remote.streams(), 1);
  c.start();
  bench all{{&c.near, &c.far}, [&] { return ask(*c.near.running->bound(0), "ask") == "ask"; }};
  all.run(GetParam());
}

TEST_P(Faults, OfANamedRemote) {
  test::name_server names([](const test::dns_query& asked) {
    test::dns_response answer(asked);
    answer.address("127.0.0.1", 60);
    return std::vector<test::bytes>{answer.as_bytes()};
  });
  one_by_one b(test::named("a.example", remote.streams().port));
  b.settings.dns.nameservers = {test::literal(names.endpoint())};
  b.settings.dns.mode = config::dns_mode::ipv4_only;
  b.settings.dns.cache_size = 0;  // so that each life asks
  b.options.names.hosts = b.options.names.resolv_conf = "/nonexistent";
  // Asio drops a coroutine whose wait cannot begin; beside a limit that limit ends the step.
  b.network().connect_limit = 1s;
  b.options.names.total = 1s;  // an answer that is lost is waited for
  b.start();
  run(b);
}

TEST_P(Faults, OfAConnectionThatIsReady) {
  one_by_one b(test::literal(remote.streams()));
  b.network().warm = 1;
  b.start();
  const auto is_ready = [&] {
    return wait_until([&] { return b.running->count(0).warm_ready == 1; });
  };
  bench all{{&b},
            [&] { return is_ready() && ask(*b.running->bound(0), "ask") == "ask" && is_ready(); }};
  all.run(GetParam());
}

TEST_P(Faults, OfAnAssociation) {
  relay_bench b(1);
  b.add(remote.datagrams()).network.use_udp = true;
  b.settings.endpoints[0].network.udp_timeout = 100ms;
  b.start();
  bench all{{&b}, [&] { return ask_by_datagrams(*b.running->bound(0), "ask") == "ask"; }};
  all.run(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Each, Faults,
                         ::testing::Values(faults::kind::allocation, faults::kind::system_call),
                         [](const auto& of) {
                           return of.param == faults::kind::allocation ? "Allocation"
                                                                       : "SystemCall";
                         });

}  // namespace
}  // namespace relay::forward
