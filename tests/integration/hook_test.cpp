#include "support/relay_bench.hpp"
#include "support/scripted_hook.hpp"
#include "support/sockets.hpp"
#include "support/talkers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

// A whole relay that asks a hook about its clients (spec 10).
namespace relay {
namespace {

using namespace std::chrono_literals;
using forward::end_reason;
using test::relay_bench;

/// Closes in whatever way; what was heard before.
std::string heard(int fd) {
  bool reset = false;
  return test::read_to_end(fd, &reset);
}

TEST(Hooked, TheRemoteGetsTheBytesThatTheHookHasSeen) {
  const test::scripted_hook hook(
      3, [](std::int32_t, const std::string& packet) { return packet == "abc" ? 0 : -1; });
  relay_bench b;
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get()));
  b.options.hook = hook.functions();
  b.start();
  const auto client = b.connect();
  test::send_all(client.get(), "abcdef");
  const auto server = test::accept_one(remote.get());
  EXPECT_EQ(test::read_exactly(server.get(), 6), "abcdef");
  test::send_all(server.get(), "answer");
  EXPECT_EQ(test::read_exactly(client.get(), 6), "answer");
}

TEST(Hooked, RejectedClientsAreCountedAndCostNoConnection) {
  const test::scripted_hook hook(0, [](auto, auto&) { return -1; });
  relay_bench b;
  b.add(test::refusing_address());
  b.options.hook = hook.functions();
  b.start();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(heard(b.connect().get()), "");
  EXPECT_TRUE(test::wait_until([&] { return b.ended(end_reason::hook_rejected) == 5; }));
  EXPECT_EQ(b.ended(end_reason::connect_failed), 0U);
  EXPECT_TRUE(test::wait_until([&] { return b.running->connections() == 0; }));
}

TEST(Hooked, AnIndexIsFollowedWithoutBalanceAndHasNoSubstitute) {
  std::atomic<std::int32_t> index{0};
  const test::scripted_hook hook(0, [&](auto, auto&) { return index.load(); });
  relay_bench b;
  test::talkers remotes(3);
  remotes.give_to(b, "");
  b.options.hook = hook.functions();
  b.start();
  for (const std::int32_t each : {2, 0, 1, 2, 1}) {
    index = each;
    EXPECT_EQ(test::talkers::heard(b, 1), std::to_string(each));
  }
  remotes.stop(1);
  index = 1;
  EXPECT_EQ(test::talkers::heard(b, 4), "----");
  index = 2;
  EXPECT_EQ(test::talkers::heard(b, 1), "2") << "nobody was put aside for it";
  remotes.stop(0);
  index = 0;
  EXPECT_EQ(test::talkers::heard(b, 1), "2") << "an allowed client goes on to the next that lives";
}

TEST(Hooked, AnIndexOnlyAllowsWithBalance) {
  const test::scripted_hook hook(0, [](std::int32_t max_index, auto&) { return max_index; });
  relay_bench b;
  test::talkers remotes(3);
  remotes.give_to(b, "roundrobin: 1, 1, 1");
  b.options.hook = hook.functions();
  b.start();
  EXPECT_EQ(test::talkers::heard(b, 6), "012012");
}

TEST(Hooked, AnIndexFindsARemoteByName) {
  const test::scripted_hook hook(0, [](auto, auto&) { return 1; });
  relay_bench b;
  const auto remote = test::listen_any();
  const auto at = test::address_of(remote.get());
  b.options.names.hosts = b.folder.file("hosts", "127.0.0.1 here\n");
  b.add(test::refusing_address()).extra_remotes = {test::named("here", at.port)};
  b.options.hook = hook.functions();
  b.start();
  const auto client = b.connect();
  EXPECT_TRUE(test::accept_one(remote.get()));
}

TEST(Hooked, TooFewBytesEndInTimeOrWithTheClient) {
  const test::scripted_hook hook(4);
  relay_bench b;
  b.add(test::refusing_address()).network.handshake_timeout = 200ms;
  b.options.hook = hook.functions();
  b.start();
  const auto silent = b.connect();
  test::send_all(silent.get(), "abc");
  EXPECT_EQ(heard(silent.get()), "");
  EXPECT_TRUE(test::wait_until([&] { return b.ended(end_reason::hook_timeout) == 1; }));
  const auto leaver = b.connect();
  test::shut_write(leaver.get());
  EXPECT_EQ(heard(leaver.get()), "");
  EXPECT_TRUE(test::wait_until([&] { return b.ended(end_reason::client_eof) == 1; }));
  test::reset(b.connect());
  EXPECT_TRUE(test::wait_until([&] { return b.ended(end_reason::reset_by_client) == 1; }));
  EXPECT_EQ(hook.decisions(), 0);
}

TEST(Hooked, OtherConnectionsOfTheWorkerGoOnWhileAHookThinks) {
  test::scripted_hook hook;
  relay_bench b(1);
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get()));
  b.options.hook = hook.functions();
  b.start();
  const auto other = b.connect();
  const auto server = test::accept_one(remote.get());
  hook.hold();
  const auto stuck = b.connect();
  ASSERT_TRUE(test::wait_until([&] { return hook.decisions() == 2; }));
  const auto data = test::pattern(100'000);
  for (int i = 0; i < 10; ++i) {
    test::send_all(other.get(), data);
    EXPECT_TRUE(test::read_exactly(server.get(), data.size()) == data);
  }
  hook.release();
  EXPECT_TRUE(test::accept_one(remote.get()));
}

TEST(Hooked, ManyClientsOnManyWorkersAreAskedAboutOneByOne) {
  const test::scripted_hook hook(
      2, [](std::int32_t, const std::string& packet) { return packet == "ok" ? 0 : -1; });
  relay_bench b(4);
  test::talkers remotes(1);
  remotes.give_to(b, "");
  b.options.hook = hook.functions();
  b.start();
  std::vector<unique_fd> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(b.connect());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    test::send_all(clients[i].get(), i % 3 == 0 ? "no" : "ok");
  }
  int served = 0;
  for (auto& each : clients) {
    bool reset = false;
    if (test::read_to_end(each.get(), &reset) == "0") ++served;
  }
  EXPECT_EQ(served, 40);
  EXPECT_TRUE(test::wait_until([&] { return b.ended(end_reason::hook_rejected) == 20; }));
  EXPECT_EQ(hook.most_at_once(), 1);
  EXPECT_EQ(hook.lengths(), 60);
}

TEST(Hooked, StopsWhileAHookThinksAndOthersWait) {
  test::scripted_hook hook(1);
  relay_bench b;
  b.add(test::refusing_address());
  b.options.hook = hook.functions();
  b.start();
  hook.hold();
  const auto thinking = b.connect();
  const auto queued = b.connect();
  const auto silent = b.connect();
  test::send_all(thinking.get(), "x");
  ASSERT_TRUE(test::wait_until([&] { return hook.decisions() == 1; }));
  test::send_all(queued.get(), "x");
  ASSERT_TRUE(test::wait_until([&] { return b.running->count(0).accepted == 3; }));
  b.running->stop();
  EXPECT_TRUE(b.running->hook_hangs());
  for (const auto* each : {&thinking, &queued, &silent}) EXPECT_TRUE(test::sees_reset(each->get()));
  EXPECT_EQ(b.ended(end_reason::shutdown), 3U);
}

TEST(Hooked, AHookThatReturnsDoesNotHang) {
  const test::scripted_hook hook;
  relay_bench b;
  b.add(test::refusing_address());
  b.options.hook = hook.functions();
  b.start();
  EXPECT_EQ(heard(b.connect().get()), "");
  b.running->stop();
  EXPECT_FALSE(b.running->hook_hangs());
}

}  // namespace
}  // namespace relay
