// Several remotes, limits and loops, with whole relays in this process.
#include "support/relay_bench.hpp"
#include "support/talkers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using forward::end_reason;
using test::relay_bench;
using test::talkers;

bool all_ended(relay_bench& b) {
  return test::wait_until([&] { return b.running->connections() == 0; });
}

TEST(Balance, TheSmoothSequenceHoldsOverSeveralWorkers) {
  relay_bench b(4);
  talkers remotes(3);
  remotes.give_to(b, "roundrobin: 5, 1, 1");
  b.start();
  EXPECT_EQ(remotes.heard(b, 28), "0010200001020000102000010200");
}

TEST(Balance, ManyAtOnceOnSeveralWorkersGetTheWeightsExactly) {
  relay_bench b(4);
  talkers remotes(3);
  remotes.give_to(b, "roundrobin: 5, 1, 1");
  b.start();
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t) clients.emplace_back([&] { remotes.heard(b, 70); });
  for (auto& each : clients) each.join();
  ASSERT_TRUE(all_ended(b));
  EXPECT_EQ(remotes.counts(), (std::vector<int>{200, 40, 40}));
}

TEST(Balance, AClientStaysAtItsRemote) {
  relay_bench b(4);
  talkers remotes(3);
  remotes.give_to(b, "iphash: 1, 1, 1");
  b.start();
  const auto heard = remotes.heard(b, 20);
  EXPECT_EQ(heard, std::string(20, heard[0]));
}

TEST(Balance, WithoutAStrategyTheFirstRemoteThatAnswers) {
  relay_bench b;
  talkers remotes(2);
  remotes.give_to(b, "");
  b.start();
  EXPECT_EQ(remotes.heard(b, 5), "00000");
  remotes.stop(0);
  EXPECT_EQ(remotes.heard(b, 5), "11111");
  remotes.resume(0);
  ASSERT_TRUE(test::wait_until([&] { return remotes.heard(b, 1) == "0"; })) << "preferred again";
  EXPECT_EQ(remotes.heard(b, 5), "00000");
  const auto log = b.log_text();
  EXPECT_NE(log.find(" put aside for 1 s after 2 failed connects: connection refused"), log.npos);
  EXPECT_NE(log.find(" is back after "), log.npos);
  ASSERT_TRUE(all_ended(b));
  EXPECT_EQ(b.ended(end_reason::connect_failed), 0U) << "no client has noticed";
}

TEST(Balance, FailOverGoesOnByNameToo) {
  relay_bench b;
  talkers remotes(1);
  b.options.names.hosts = b.folder.file("hosts", "127.0.0.1 here\n127.0.0.2 two\n127.0.0.3 two\n");
  b.options.names.resolv_conf = b.folder.file("resolv.conf", "nameserver 127.0.0.9\n");
  b.options.names.total = 300ms;
  auto& made = b.add(test::named("two", test::refusing_address().port));
  made.extra_remotes = {test::named("nowhere", 80), test::named("here", remotes.address(0).port)};
  b.start();
  EXPECT_EQ(remotes.heard(b, 1), "0");
}

TEST(Balance, TheLinesNameTheChosenRemote) {
  relay_bench b;
  talkers remotes(1);
  auto& made = b.add(test::refusing_address());
  made.extra_remotes = {test::literal(remotes.address(0))};
  const auto chosen = remotes.address(0).to_string();
  b.start();
  EXPECT_EQ(remotes.heard(b, 1), "0");
  ASSERT_TRUE(all_ended(b));
  EXPECT_NE(b.log_text().find(" => " + chosen + " as " + chosen), std::string::npos);
  EXPECT_NE(b.log_text().find(" remote=" + chosen + ' '), std::string::npos);
}

TEST(Balance, WhenEveryRemoteFailsTheClientIsClosedAndToldOnce) {
  relay_bench b;
  auto& made = b.add(test::refusing_address());
  made.extra_remotes = {test::literal(test::refusing_address()),
                        test::literal(test::refusing_address())};
  const auto main_remote = made.remote.to_string();
  b.start();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(test::read_to_end(b.connect().get()), "");
  ASSERT_TRUE(test::wait_until([&] { return b.ended(end_reason::connect_failed) == 4; }));
  EXPECT_NE(b.log_text().find(" => " + main_remote + ", error: connecting: connection refused"),
            std::string::npos);
}

TEST(Balance, AClientWaitsNoLongerThanTheLimitsSay) {
  const test::black_hole first;
  const test::black_hole second;
  relay_bench b;
  auto& made = b.add(first.address());
  made.extra_remotes = {test::literal(second.address())};
  made.network.tcp_timeout = 60s;
  made.network.connect_limit = 300ms;
  b.start();
  EXPECT_EQ(test::read_to_end(b.connect().get()), "");
  EXPECT_TRUE(test::wait_until([&] { return b.ended(end_reason::connect_failed) == 1; }));
}

TEST(Balance, AfterASilentRemoteTheNextIsTriedWithinTheLimit) {
  const test::black_hole silent;
  talkers remotes(1);
  relay_bench b;
  auto& made = b.add(silent.address());
  made.extra_remotes = {test::literal(remotes.address(0))};
  made.network.tcp_timeout = 200ms;
  b.start();
  EXPECT_EQ(remotes.heard(b, 3), "000");
  EXPECT_NE(b.log_text().find("put aside for 1 s after 2 failed connects: timed out"),
            std::string::npos);
}

// The limit of the whole leaves the second remote next to nothing: that proves nothing about it.
TEST(Balance, WhoWasGivenNoTimeHasNotFailed) {
  const test::black_hole first;
  const test::black_hole second;
  relay_bench b;
  auto& made = b.add(first.address());
  made.extra_remotes = {test::literal(second.address())};
  made.network.tcp_timeout = 300ms;
  made.network.connect_limit = 500ms;
  b.start();
  std::vector<unique_fd> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(b.connect());
  for (const auto& each : clients) EXPECT_EQ(test::read_to_end(each.get()), "");
  const auto log = b.log_text();
  EXPECT_NE(log.find("remote " + first.address().to_string() + " put aside"), log.npos);
  EXPECT_EQ(log.find("remote " + second.address().to_string() + " put aside"), log.npos);
}

TEST(Balance, StoppingInTheMiddleOfATrialLeavesNothingBehind) {
  const test::black_hole silent;
  talkers remotes(1);
  relay_bench b;
  auto& made = b.add(silent.address());
  made.extra_remotes = {test::literal(remotes.address(0))};
  made.network.tcp_timeout = 200ms;
  b.start();
  EXPECT_EQ(remotes.heard(b, 2), "00");
  std::vector<unique_fd> clients;
  ASSERT_TRUE(test::wait_until([&] {  // until one of them is trying the silent one
    clients.push_back(b.connect());
    return b.log_text().find("stays aside") != std::string::npos;
  }));
  b.running->stop();
  EXPECT_EQ(b.running->connections(), 0U);
}

TEST(OwnListener, ALoopByNameIsCutAtOnce) {
  relay_bench b;
  b.options.names.hosts = b.folder.file("hosts", "127.0.0.1 myself\n");
  b.options.names.resolv_conf = b.folder.file("resolv.conf", "");
  const auto port = test::refusing_address().port;
  b.add(test::named("myself", port)).listen =
      test::literal({*ip_address::parse("127.0.0.1"), port});
  b.start();
  ASSERT_TRUE(b.failures.empty());
  EXPECT_EQ(test::read_to_end(b.connect().get()), "");
  ASSERT_TRUE(test::wait_until([&] { return b.ended(end_reason::loop) == 1; }));
  EXPECT_EQ(b.running->count(0).accepted, 1U) << "it did not come round even once";
  EXPECT_NE(b.log_text().find("own listener"), std::string::npos);
}

TEST(OwnListener, ALoopIsAFailureAndFailOverGoesOn) {
  relay_bench b;
  talkers remotes(1);
  const auto port = test::refusing_address().port;
  auto& made = b.add(test::literal({*ip_address::parse("127.0.0.7"), port}), "0.0.0.0");
  made.listen.ports = {port, port};
  made.extra_remotes = {test::literal(remotes.address(0))};
  b.start();
  ASSERT_TRUE(b.failures.empty());
  const auto here = ip_endpoint{*ip_address::parse("127.0.0.1"), port};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(test::read_exactly(test::connect_to(here).get(), 1), "0");
  }
  ASSERT_TRUE(all_ended(b));
  EXPECT_EQ(b.running->count(0).accepted, 3U);
  EXPECT_EQ(b.ended(end_reason::loop), 0U);
  EXPECT_NE(b.log_text().find("put aside for 1 s after 2 failed connects: the address is this"),
            std::string::npos);
}

TEST(IdleTimeout, EndsASilentConnectionAndNotABusyOne) {
  relay_bench b;
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get())).network.idle_timeout = 300ms;
  b.start();
  const auto busy = b.connect();
  const auto busy_server = test::accept_one(remote.get());
  const auto silent = b.connect();
  const auto silent_server = test::accept_one(remote.get());
  std::atomic<bool> over = false;
  std::thread traffic([&] {
    while (!over) {
      test::send_all(busy.get(), "x");
      EXPECT_EQ(test::read_exactly(busy_server.get(), 1), "x");
    }
  });
  bool reset = true;
  EXPECT_EQ(test::read_to_end(silent.get(), &reset), "");
  EXPECT_FALSE(reset) << "an end, not a reset";
  EXPECT_EQ(test::read_to_end(silent_server.get(), &reset), "");
  EXPECT_FALSE(reset);
  EXPECT_TRUE(test::wait_until([&] { return b.ended(end_reason::idle) == 1; }));
  over = true;
  traffic.join();
  EXPECT_TRUE(test::wait_until([&] { return b.running->connections() == 1; }));
}

TEST(MaxConnections, FurtherClientsWaitAndGoOnWhenThereIsRoom) {
  relay_bench b(2);
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get())).max_connections = 2;
  b.start();
  auto first = b.connect();
  const auto first_server = test::accept_one(remote.get());
  const auto second = b.connect();
  const auto second_server = test::accept_one(remote.get());
  const auto third = b.connect();  // the kernel's queue takes it
  test::send_all(third.get(), "hello");
  ASSERT_TRUE(test::wait_until(
      [&] { return b.log_text().find("is at its limit of 2 connections") != std::string::npos; }));
  EXPECT_EQ(b.running->count(0).accepted, 2U);
  test::reset(std::move(first));
  const auto third_server = test::accept_one(remote.get());
  EXPECT_EQ(test::read_exactly(third_server.get(), 5), "hello") << "nothing was lost";
  EXPECT_EQ(b.running->connections(), 2U);
}

TEST(MaxConnections, TheProcessHasALimitOverAllEndpoints) {
  relay_bench b(2);
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get()));
  b.add(test::address_of(remote.get()));
  b.settings.process.max_connections = 1;
  b.start();
  auto first = b.connect(0);
  const auto first_server = test::accept_one(remote.get());
  const auto second = b.connect(1);
  ASSERT_TRUE(test::wait_until([&] {
    return b.log_text().find("the process is at its limit of 1 connections") != std::string::npos;
  }));
  EXPECT_EQ(b.running->connections(), 1U);
  test::reset(std::move(first));
  EXPECT_TRUE(test::accept_one(remote.get()));
}

}  // namespace
}  // namespace relay::forward
