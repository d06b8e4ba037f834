// What operators ask a running relay about its sessions, and do to them.
#include "support/name_server.hpp"
#include "support/relay_bench.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <future>
#include <set>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using forward::end_reason;
using test::remote_bench;

struct bench : remote_bench {
  explicit bench(std::size_t workers = 2) : remote_bench("127.0.0.1", workers) {}

  session_list sessions(const std::string& filter = {}, std::size_t most = 1000) {
    std::promise<session_list> told;
    running->sessions(*read_session_filter(filter), most,
                      [&told](session_list all) { told.set_value(std::move(all)); });
    return told.get_future().get();
  }
  bool kill(std::uint64_t id) {
    std::promise<bool> told;
    running->kill(id, [&told](bool found) { told.set_value(found); });
    return told.get_future().get();
  }
  void drain(std::size_t endpoint = 0) {
    std::promise<void> told;
    running->drain_endpoint(endpoint, [&told] { told.set_value(); });
    told.get_future().get();
  }
  endpoint_totals totals(std::size_t endpoint = 0) {
    std::promise<std::vector<endpoint_totals>> told;
    running->add_up([&told](std::vector<endpoint_totals> all) { told.set_value(std::move(all)); });
    return told.get_future().get().at(endpoint);
  }
  /// A client and the remote's end of its connection.
  std::pair<unique_fd, unique_fd> pair() {
    auto client = connect();
    return {std::move(client), accept()};
  }
};

TEST(Sessions, AreListedWithWhatTheyAreAndHaveMoved) {
  bench b;
  b.start();
  const auto [client, server] = b.pair();
  test::send_all(client.get(), "hello");
  EXPECT_EQ(test::read_exactly(server.get(), 5), "hello");
  const auto all = b.sessions();
  EXPECT_EQ(all.matching, 1U);
  ASSERT_EQ(all.sessions.size(), 1U);
  const auto& one = all.sessions[0];
  EXPECT_EQ(one.client.client, test::address_of(client.get()));
  EXPECT_EQ(one.listen, b.running->bound(0)->to_string());
  EXPECT_EQ(one.remote, test::address_of(b.remote.get()).to_string());
  EXPECT_EQ(one.up_bytes, 5U);
  EXPECT_FALSE(one.is_association);
  EXPECT_TRUE(one.is_open);
  EXPECT_FALSE(one.client_tls || one.remote_tls);
  const auto own = "client=" + test::address_of(client.get()).to_string();
  EXPECT_EQ(b.sessions(own).matching, 1U);
  EXPECT_EQ(b.sessions("kind=udp").matching, 0U);
}

TEST(Sessions, OfAllWorkersComeInOrderAndNoMoreThanAreWanted) {
  bench b(1);
  b.start();
  std::vector<std::pair<unique_fd, unique_fd>> pairs;
  for (int i = 0; i < 200; ++i) pairs.push_back(b.pair());  // more than the worker sees in a turn
  const auto all = b.sessions();
  EXPECT_EQ(all.matching, 200U);
  ASSERT_EQ(all.sessions.size(), 200U);
  EXPECT_TRUE(std::ranges::is_sorted(all.sessions, {}, &session_info::id));
  const auto some = b.sessions({}, 10);
  EXPECT_EQ(some.matching, 200U);
  ASSERT_EQ(some.sessions.size(), 10U);
  EXPECT_EQ(some.sessions.front().id, all.sessions.front().id);
  EXPECT_EQ(some.sessions.back().id, all.sessions[9].id);
}

TEST(Sessions, MayComeAndGoWhileTheyAreListed) {
  bench b(1);
  b.start();
  std::atomic<bool> over{false};
  std::thread traffic([&] {
    while (!over) {
      std::vector<std::pair<unique_fd, unique_fd>> pairs;
      for (int i = 0; i < 150; ++i) pairs.push_back(b.pair());
    }
  });
  for (int i = 0; i < 50; ++i) {
    std::set<std::uint64_t> seen;
    for (const auto& each : b.sessions().sessions) EXPECT_TRUE(seen.insert(each.id).second);
  }
  over = true;
  traffic.join();
  EXPECT_TRUE(test::wait_until([&] { return b.sessions().matching == 0; }));
}

TEST(Sessions, OfDatagramsAreListedAndKilled) {
  bench b;
  const auto remote = test::udp_socket();
  auto& endpoint = b.settings.endpoints[0];
  endpoint.remote = test::literal(test::address_of(remote.get()));
  endpoint.network.use_udp = endpoint.network.no_tcp = true;
  b.start();
  const auto client = test::udp_socket();
  test::send_datagram(client.get(), "question", *b.running->bound(0));
  ASSERT_TRUE(test::wait_until([&] { return b.sessions("kind=udp").matching == 1; }));
  const auto one = b.sessions().sessions.at(0);
  EXPECT_TRUE(one.is_association);
  EXPECT_EQ(one.client.client, test::address_of(client.get()));
  EXPECT_TRUE(test::wait_until([&] { return b.sessions().sessions.at(0).up_datagrams == 1; }));
  EXPECT_TRUE(b.kill(one.id));
  EXPECT_EQ(b.ended(end_reason::killed), 1U);
  EXPECT_EQ(b.sessions().matching, 0U);
  test::send_datagram(client.get(), "another", *b.running->bound(0));
  EXPECT_TRUE(test::wait_until([&] { return b.sessions().matching == 1; })) << "it begins anew";
}

TEST(Kill, EndsOneSessionAsAResetToBothSides) {
  bench b;
  b.start();
  const auto [client, server] = b.pair();
  const auto [other, its_server] = b.pair();
  const auto id =
      b.sessions("client=" + test::address_of(client.get()).to_string()).sessions.at(0).id;
  EXPECT_TRUE(b.kill(id));
  EXPECT_TRUE(test::sees_reset(client.get()));
  EXPECT_TRUE(test::sees_reset(server.get()));
  EXPECT_EQ(b.ended(end_reason::killed), 1U);
  test::send_all(other.get(), "still here");
  EXPECT_EQ(test::read_exactly(its_server.get(), 10), "still here");
  EXPECT_FALSE(b.kill(id)) << "it is gone";
  EXPECT_FALSE(b.kill(0));
  EXPECT_NE(b.log_text().find("end=killed"), std::string::npos);
}

TEST(Kill, EndsAClientThatStillHasToShowSomething) {
  bench b;
  b.network().accept_proxy = true;
  b.network().accept_proxy_timeout = 0ms;
  b.start();
  const auto client = b.connect();
  ASSERT_TRUE(test::wait_until([&] { return b.sessions().matching == 1; }));
  const auto one = b.sessions().sessions.at(0);
  EXPECT_FALSE(one.is_open);
  EXPECT_TRUE(b.kill(one.id));
  EXPECT_TRUE(b.has_ended(end_reason::killed));
  bool reset = false;
  EXPECT_EQ(test::read_to_end(client.get(), &reset), "");
  EXPECT_TRUE(b.nobody_knocks());
}

TEST(Kill, EndsAClientWhoseRemoteIsBeingConnected) {
  const test::black_hole hole;
  bench b;
  b.settings.endpoints[0].remote = test::literal(hole.address());
  b.network().tcp_timeout = b.network().connect_limit = 0ms;
  b.start();
  const auto client = b.connect();
  ASSERT_TRUE(test::wait_until([&] { return b.sessions().matching == 1; }));
  EXPECT_TRUE(b.kill(b.sessions().sessions.at(0).id));
  EXPECT_TRUE(b.has_ended(end_reason::killed));
  bool reset = false;
  EXPECT_EQ(test::read_to_end(client.get(), &reset), "");
}

TEST(Kill, EndsAClientWhoseRemoteIsBeingLookedUp) {
  test::name_server names([](const test::dns_query& asked) {
    return std::vector<test::bytes>{test::dns_response(asked).address("127.0.0.1", 60).as_bytes()};
  });
  names.hold();
  bench b;
  b.settings.dns.nameservers = {test::literal(names.endpoint())};
  b.settings.dns.mode = config::dns_mode::ipv4_only;
  b.options.names.hosts = b.options.names.resolv_conf = "/nonexistent";
  b.settings.endpoints[0].remote = test::named("remote.test", 1);
  b.network().tcp_timeout = b.network().connect_limit = 0ms;
  b.start();
  const auto client = b.connect();
  ASSERT_TRUE(test::wait_until([&] { return b.sessions().matching == 1; }));
  EXPECT_TRUE(b.kill(b.sessions().sessions.at(0).id));
  EXPECT_TRUE(b.has_ended(end_reason::killed));
}

TEST(DrainEndpoint, RefusesNewClientsAndLetsSessionsEnd) {
  bench b;
  b.settings.endpoints[0].name = "web";
  const auto second = test::listen_any();
  b.add(test::address_of(second.get()));
  b.start();
  const auto [client, server] = b.pair();
  EXPECT_EQ(b.running->find_endpoint("web"), 0U);
  EXPECT_EQ(b.running->find_endpoint(b.running->bound(1)->to_string()), 1U);
  EXPECT_EQ(b.running->find_endpoint("nobody"), std::nullopt);
  EXPECT_FALSE(b.totals().is_draining);
  b.drain();
  EXPECT_TRUE(b.totals().is_draining);
  EXPECT_FALSE(b.totals(1).is_draining);
  const socket_address at(*b.running->bound(0));
  const unique_fd late(::socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_NE(::connect(late.get(), &at.any, at.length), 0);
  EXPECT_EQ(errno, ECONNREFUSED);
  test::send_all(client.get(), "go on");
  EXPECT_EQ(test::read_exactly(server.get(), 5), "go on");
  const auto other = b.connect(1);
  EXPECT_TRUE(test::accept_one(second.get())) << "other endpoints are not touched";
  b.drain();  // once more is no mistake
}

TEST(Totals, TellHowEachRemoteFares) {
  bench b;
  auto& endpoint = b.settings.endpoints[0];
  endpoint.name = "web";
  endpoint.extra_remotes = {endpoint.remote};
  endpoint.remote = test::literal(test::refusing_address());
  b.start();
  EXPECT_EQ(b.totals().name, "web");
  ASSERT_EQ(b.totals().remotes.size(), 2U);
  EXPECT_EQ(b.totals().remotes[0].is, remote_state::health::up);
  EXPECT_EQ(b.totals().remotes[0].name, endpoint.remote.to_string());
  for (int i = 0; i < 2; ++i) b.pair();  // two failures put the first aside
  const auto now = b.totals().remotes;
  EXPECT_EQ(now[0].is, remote_state::health::aside);
  EXPECT_EQ(now[0].share, 0U);
  EXPECT_EQ(now[1].is, remote_state::health::up);
  EXPECT_EQ(now[1].share, 1U);
}

TEST(Totals, OfAnOnlyRemoteNobodyKnowsItsHealth) {
  bench b;
  b.start();
  const auto remotes = b.totals().remotes;
  ASSERT_EQ(remotes.size(), 1U);
  EXPECT_EQ(remotes[0].is, remote_state::health::unknown);
  EXPECT_EQ(remotes[0].name, b.settings.endpoints[0].remote.to_string());
}

}  // namespace
}  // namespace relay::forward
