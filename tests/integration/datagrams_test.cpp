#include "support/relay_bench.hpp"

#include <gtest/gtest.h>

#include <poll.h>

#include <map>
#include <set>
#include <thread>

/// Datagrams through a relay in this process, with several workers.
namespace relay {
namespace {

using test::relay_bench;

/// A UDP socket on loopback; every wait is bounded.
class udp_peer {
 public:
  explicit udp_peer(const char* host = "127.0.0.1")
      : fd_(::socket(ip_address::parse(host)->family(), SOCK_DGRAM, 0)) {
    const socket_address at({*ip_address::parse(host), 0});
    EXPECT_EQ(::bind(fd_.get(), at.data(), at.length), 0);
  }

  ip_endpoint address() const { return test::address_of(fd_.get()); }
  void send(const std::string& data, const ip_endpoint& to) const {
    const socket_address at(to);
    EXPECT_EQ(::sendto(fd_.get(), data.data(), data.size(), 0, at.data(), at.length),
              static_cast<ssize_t>(data.size()));
  }
  struct message {
    std::string data;
    ip_endpoint from;
    friend bool operator==(const message&, const message&) = default;
  };
  std::optional<message> receive(std::chrono::milliseconds limit = test::patience) const {
    pollfd wait{fd_.get(), POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(limit.count())) != 1) return std::nullopt;
    std::string data(70000, '\0');
    socket_address from;
    const auto got = ::recvfrom(fd_.get(), data.data(), data.size(), 0, from.data(), &from.length);
    if (got < 0) return std::nullopt;
    data.resize(static_cast<std::size_t>(got));
    return message{std::move(data), from.endpoint()};
  }

 private:
  unique_fd fd_;
};

/// One endpoint for UDP to a peer of the test's.
struct bench : relay_bench {
  explicit bench(std::size_t workers) : relay_bench(workers) {
    add(remote.address()).network.use_udp = true;
  }
  ip_endpoint at() const { return *running->bound(0); }
  const forward::counters& count() const { return running->count(0); }

  udp_peer remote;
};

TEST(DatagramRelay, SendsBothWaysFromTheAddressTheClientKnows) {
  bench b(2);
  b.start();
  const udp_peer client;
  client.send("question", b.at());
  const auto asked = b.remote.receive();
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->data, "question");
  b.remote.send("answer", asked->from);
  EXPECT_EQ(client.receive(), (udp_peer::message{"answer", b.at()}));
  EXPECT_EQ(b.count().associations, 1U);
}

TEST(DatagramRelay, SharesItsPortWithTcp) {
  bench b(2);
  b.start();
  EXPECT_NO_THROW(b.connect());
  const udp_peer client;
  client.send("x", b.at());
  EXPECT_TRUE(b.remote.receive());
}

TEST(DatagramRelay, EveryClientHasAPortOfItsOwnOnAnyWorker) {
  bench b(4);
  b.start();
  std::vector<udp_peer> clients(200);
  std::set<ip_endpoint> ports;
  for (std::size_t round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i].send(std::to_string(i), b.at());
      const auto asked = b.remote.receive();
      ASSERT_TRUE(asked);
      ports.insert(asked->from);
      b.remote.send(asked->data, asked->from);
      const auto answer = clients[i].receive();
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->data, std::to_string(i));
    }
  }
  EXPECT_EQ(ports.size(), clients.size()) << "a client keeps its port";
  EXPECT_EQ(b.count().associations, clients.size());
}

TEST(DatagramRelay, AnIdleAssociationEndsAndIsCounted) {
  bench b(2);
  b.settings.endpoints[0].network.udp_timeout = std::chrono::milliseconds(100);
  b.start();
  const udp_peer client;
  client.send("abc", b.at());
  ASSERT_TRUE(b.remote.receive());
  EXPECT_TRUE(test::wait_until([&] { return b.ended(forward::end_reason::idle) == 1; }));
  EXPECT_EQ(b.count().up_bytes, 3U);
  EXPECT_EQ(b.count().up_datagrams, 1U);
  EXPECT_EQ(b.count().down_datagrams, 0U);
  client.send("again", b.at());
  EXPECT_TRUE(b.remote.receive()) << "the next datagram begins a new one";
}

TEST(DatagramRelay, AtTheCapTheOneThatWasIdleForLongestGoes) {
  bench b(1);
  b.settings.endpoints[0].max_associations = 3;
  b.start();
  std::vector<udp_peer> clients(4);
  std::map<std::size_t, ip_endpoint> ports;
  const auto ask = [&](std::size_t i) {
    clients[i].send("x", b.at());
    const auto asked = b.remote.receive();
    ASSERT_TRUE(asked);
    ports[i] = asked->from;
  };
  for (const std::size_t i : {0U, 1U, 2U}) ask(i);
  const auto kept = ports[0];
  ask(3);
  EXPECT_EQ(b.ended(forward::end_reason::evicted), 1U);
  EXPECT_EQ(b.count().associations, 4U);
  b.remote.send("late", kept);  // the port is still there, and its answers are nobody's
  for (const auto& each : clients) EXPECT_FALSE(each.receive(std::chrono::milliseconds(20)));
}

TEST(DatagramRelay, BalancesAssociationsNotDatagrams) {
  bench b(3);
  const udp_peer second;
  b.settings.endpoints[0].extra_remotes = {test::literal(second.address())};
  b.settings.endpoints[0].balance = "roundrobin: 1, 1";
  b.start();
  int first_got = 0;
  const std::vector<udp_peer> clients(20);  // all open, so that each has a port of its own
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const auto& client = clients[i];
    client.send("1", b.at());
    auto asked = b.remote.receive(std::chrono::milliseconds(i % 2 == 0 ? 10000 : 0));
    if (asked) {
      ++first_got;
    } else {
      asked = second.receive();
    }
    ASSERT_TRUE(asked);
    client.send("2", b.at());
    const auto& same = i % 2 == 0 ? b.remote : second;
    ASSERT_TRUE(same.receive()) << "it keeps its remote";
  }
  EXPECT_EQ(first_got, 10);
}

TEST(DatagramRelay, TheTableOfARuleThatReachesItselfStaysEmpty) {
  relay_bench b(2);
  auto& from = b.add(test::literal({*ip_address::parse("127.0.0.1"), 9}));
  from.network.use_udp = true;
  b.start();
  const auto at = *b.running->bound(0);
  b.running->stop();
  // Now that a port is known: a listener on all addresses, and a remote that is one of them.
  relay_bench loop(2);
  auto& round = loop.add(test::literal({*ip_address::parse("127.0.0.1"), at.port}), "0.0.0.0");
  round.listen.ports = {at.port, at.port};
  round.network.use_udp = true;
  round.network.no_tcp = true;
  loop.start();
  ASSERT_TRUE(loop.failures.empty());
  const udp_peer client;
  client.send("x", at);
  EXPECT_TRUE(test::wait_until([&] { return loop.running->count(0).lost_datagrams == 1; }));
  EXPECT_TRUE(test::wait_until([&] { return loop.running->count(0).associations == 0; }));
}

TEST(DatagramRelay, DrainsAtOnceAndLeavesItsPortToOthers) {
  bench b(2);
  b.start();
  const udp_peer known;
  known.send("x", b.at());
  const auto asked = b.remote.receive();
  ASSERT_TRUE(asked);
  std::atomic<bool> drained{false};
  b.running->drain([&] { drained = true; });
  EXPECT_TRUE(test::wait_until([&] { return drained.load(); }));
  EXPECT_EQ(b.ended(forward::end_reason::shutdown), 1U);
  const socket_address at(b.at());
  const unique_fd next(::socket(AF_INET, SOCK_DGRAM, 0));
  EXPECT_EQ(::bind(next.get(), at.data(), at.length), 0) << "alone, as a new process begins";
}

TEST(DatagramRelay, RangesMapPortToPort) {
  relay_bench b(3);
  std::vector<udp_peer> remotes(1);
  // Three ports in a row that are free for both protocols are found by trying.
  for (std::uint16_t base = 21000; base < 60000; base = static_cast<std::uint16_t>(base + 7)) {
    b.settings.endpoints.clear();
    auto& from = b.add(remotes[0].address());
    from.listen.ports = {base, static_cast<std::uint16_t>(base + 2)};
    from.network.use_udp = true;
    b.options.workers = 3;
    b.start();
    if (b.failures.empty()) break;
    b.running.reset();
  }
  ASSERT_TRUE(b.failures.empty());
  auto at = *b.running->bound(0);
  for (int i = 0; i < 3; ++i, ++at.port) {
    const udp_peer client;
    client.send(std::to_string(i), at);
    const auto asked = remotes[0].receive();
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->data, std::to_string(i));
    remotes[0].send("back", asked->from);
    EXPECT_EQ(client.receive(), (udp_peer::message{"back", at}));
    EXPECT_NO_THROW(test::connect_to(at));
  }
  EXPECT_EQ(b.running->bound_count(), 1U);
}

}  // namespace
}  // namespace relay
