#include "app/reloader.hpp"

#include "support/relay_bench.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <future>
#include <optional>

namespace relay::app {
namespace {

using namespace std::chrono_literals;
using milliseconds = std::chrono::milliseconds;

/// A relay with one endpoint, and what its configuration says when it is read again.
struct bench {
  bench() {
    relay.add(test::literal(test::address_of(remote.get()))).name = "web";
    relay.start();
    next.value = relay.settings;
    tested.emplace(loop, *relay.running, *relay.log, [this](const std::optional<std::string>&) {
      ++times_read;
      if (until) until->wait();
      if (mistake) throw config::config_error({*mistake});
      return next;
    });
  }

  void run_until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + test::patience;
    while (!done() && std::chrono::steady_clock::now() < limit) loop.run_one_for(100ms);
    EXPECT_TRUE(done());
  }
  reload_answer reload(std::optional<milliseconds> confirm_within = {}) {
    std::optional<reload_answer> got;
    tested->reload(confirm_within, [&got](const reload_answer& answer) { got = answer; });
    run_until([&] { return got.has_value() && !tested->is_busy(); });
    return *got;
  }
  config::endpoint& changed() { return next.value.endpoints[0]; }
  milliseconds in_force() const {
    return relay.running->settings().endpoints[0].network.tcp_timeout;
  }

  unique_fd remote = test::listen_any();
  test::relay_bench relay{1};
  boost::asio::io_context loop{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stays{
      loop.get_executor()};
  config::loaded next;
  std::optional<config::problem> mistake;
  std::optional<std::shared_future<void>> until;  // that reading waits for
  int times_read = 0;
  std::optional<reloader> tested;
};

TEST(Reloader, PutsInForceWhatItReadsAndSaysWhatHasChanged) {
  bench b;
  int followed = 0;
  b.tested->on_applied([&followed] { ++followed; });
  b.changed().network.tcp_timeout = 7s;
  const auto answer = b.reload();
  EXPECT_TRUE(answer.failures.empty());
  EXPECT_EQ(answer.generation, 2U);
  EXPECT_NE(answer.plan.find("~ web: network.tcp_timeout"), std::string::npos) << answer.plan;
  EXPECT_EQ(nlohmann::json::parse(answer.plan_json)["changes"], true);
  EXPECT_EQ(b.in_force(), 7s);
  EXPECT_EQ(followed, 1);
}

TEST(Reloader, AMistakeChangesNothing) {
  bench b;
  b.changed().network.tcp_timeout = 7s;
  b.mistake = config::problem{config::problem::level::error, {}, "no good", {}};
  const auto answer = b.reload();
  ASSERT_EQ(answer.failures.size(), 1U);
  EXPECT_EQ(answer.failures[0].what, code::config);
  EXPECT_NE(answer.failures[0].message.find("no good"), std::string::npos);
  EXPECT_EQ(answer.generation, 1U);
  EXPECT_NE(b.in_force(), 7s);
  b.mistake.reset();
  EXPECT_TRUE(b.reload().failures.empty()) << "the next one goes through";
}

TEST(Reloader, AListenerThatIsTakenIsToldWithItsPlace) {
  bench b;
  const auto taken = test::listen_any();
  b.changed().listen = test::literal(test::address_of(taken.get()));
  const auto answer = b.reload();
  ASSERT_EQ(answer.failures.size(), 1U);
  EXPECT_EQ(answer.failures[0].what, code::bind);
}

TEST(Reloader, ALogThatCannotBeWrittenIsAMistakeToo) {
  bench b;
  b.next.value.log.output = b.relay.folder.path() + "/no/such/log";
  b.changed().network.tcp_timeout = 7s;
  const auto answer = b.reload();
  ASSERT_EQ(answer.failures.size(), 1U);
  EXPECT_EQ(answer.failures[0].what, code::config);
  EXPECT_NE(b.in_force(), 7s) << "all or nothing";
  b.next.value.log.output = b.relay.folder.path() + "/other.log";
  EXPECT_TRUE(b.reload().failures.empty());
  EXPECT_TRUE(b.relay.log->flush());
  EXPECT_TRUE(std::filesystem::exists(b.next.value.log.output));
}

TEST(Reloader, WhoeverWaitsIsRefusedWhileOneIsUnderWayAndASignalIsKept) {
  bench b;
  std::promise<void> go_on;
  b.until = go_on.get_future().share();
  std::optional<reload_answer> first;
  b.tested->reload({}, [&first](const reload_answer& answer) { first = answer; });
  std::optional<reload_answer> second;
  b.tested->reload({}, [&second](const reload_answer& answer) { second = answer; });
  ASSERT_TRUE(second) << "at once";
  EXPECT_EQ(second->failures.at(0).what, code::busy);
  b.tested->reload();
  b.tested->reload();
  go_on.set_value();
  b.run_until([&] { return b.tested->generation() == 3 && !b.tested->is_busy(); });
  EXPECT_TRUE(first && first->failures.empty());
  EXPECT_EQ(b.times_read, 2) << "two signals are one reason to read again";
}

TEST(Reloader, WithoutAConfirmationItGoesBack) {
  bench b;
  const auto before = b.in_force();
  b.changed().network.tcp_timeout = 7s;
  EXPECT_TRUE(b.reload(50ms).failures.empty());
  EXPECT_EQ(b.in_force(), 7s);
  b.run_until([&] { return b.tested->generation() == 3 && !b.tested->is_busy(); });
  EXPECT_EQ(b.in_force(), before);
  EXPECT_FALSE(b.tested->confirm()) << "nothing waits any more";
}

TEST(Reloader, WhatIsConfirmedStays) {
  bench b;
  b.changed().network.tcp_timeout = 7s;
  EXPECT_TRUE(b.reload(milliseconds(10min)).failures.empty());
  EXPECT_TRUE(b.tested->confirm());
  EXPECT_FALSE(b.tested->confirm()) << "once";
  EXPECT_EQ(b.in_force(), 7s);
}

TEST(Reloader, APlanChangesNothing) {
  bench b;
  b.changed().network.tcp_timeout = 7s;
  const auto answer = b.tested->plan({}, [](std::size_t) { return 3; });
  EXPECT_NE(answer.plan.find("(3 sessions live on)"), std::string::npos) << answer.plan;
  EXPECT_EQ(answer.generation, 1U);
  EXPECT_NE(b.in_force(), 7s);
}

TEST(Reloader, AListenerThatHasLostItsDeviceIsOpenedAgainAtOnce) {
  bench b;
  b.changed().listen_interface = "lo";
  b.changed().listen = test::literal(*b.relay.running->bound(0));
  const auto answer = b.reload();
  if (!answer.failures.empty()) GTEST_SKIP() << answer.failures[0].message;
  b.tested->device_changed("lo");
  EXPECT_FALSE(b.relay.running->deaf().empty());
  b.run_until([&] { return b.relay.running->deaf().empty() && !b.tested->is_busy(); });
  EXPECT_NE(b.relay.log_text().find(" at last"), std::string::npos);
  EXPECT_EQ(b.tested->generation(), 2U) << "nobody has changed the configuration";
  EXPECT_TRUE(test::connect_to(*b.relay.running->bound(0)));
}

TEST(Reloader, BeginsNothingWhenTheProcessEnds) {
  bench b;
  b.tested->stop();
  const auto answer = b.reload();
  EXPECT_EQ(answer.failures.at(0).what, code::busy);
  b.tested->device_changed("lo");
  EXPECT_FALSE(b.tested->is_busy());
}

TEST(Reloader, WithoutAConfigurationThereIsNothingToRead) {
  bench b;
  reloader none(b.loop, *b.relay.running, *b.relay.log, {});
  std::optional<reload_answer> got;
  none.reload({}, [&got](const reload_answer& answer) { got = answer; });
  ASSERT_TRUE(got);
  EXPECT_EQ(got->failures.at(0).what, code::internal);
  EXPECT_FALSE(none.plan({}, {}).failures.empty());
}

}  // namespace
}  // namespace relay::app
