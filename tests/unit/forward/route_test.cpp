#include "support/scratch_directory.hpp"

#include <relay/base/log.hpp>
#include <relay/forward/route.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <thread>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;

struct bench {
  explicit bench(std::size_t remotes, std::string balance = {},
                 logs::level level = logs::level::info)
      : log(level, folder.path() + "/log") {
    from.remote = *parse_remote("10.0.0.1:80");
    for (std::size_t i = 1; i < remotes; ++i) {
      from.extra_remotes.push_back(*parse_remote("10.0.0." + std::to_string(i + 1) + ":80"));
    }
    from.balance = std::move(balance);
    way.emplace(from, log.target("relay::balance"), nullptr, 1U);
  }
  route::claim pick(const balance::tried_set& tried = {}) { return way->pick(client, now, tried); }
  void fail_once() { pick().failed(now, refused); }
  std::string lines() const {
    log.flush();
    std::ostringstream text;
    text << std::ifstream(folder.path() + "/log").rdbuf();
    return text.str();
  }
  std::size_t count(std::string_view what) const {
    const auto text = lines();
    std::size_t found = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
    return found;
  }

  test::scratch_directory folder;
  logs log;
  config::endpoint from;
  std::optional<route> way;
  ip_address client;
  route::clock::time_point now = route::clock::now();
  error_code refused{ECONNREFUSED, boost::system::system_category()};
};

TEST(Route, WithOneCandidateThereIsNothingToChooseAndNoHealth) {
  for (const auto& [remotes, balance, only] :
       {std::tuple(1U, "", 0U), {3U, "roundrobin: 1", 0U}, {2U, "iphash: 0, 1", 1U}}) {
    bench b(remotes, balance);
    EXPECT_FALSE(b.way->has_choice());
    for (int i = 0; i < 5; ++i) b.fail_once();
    EXPECT_EQ(b.pick().index(), only);
    EXPECT_FALSE(b.pick({only}));
    EXPECT_EQ(b.way->pick_for_datagrams(b.client, b.now), only);
    EXPECT_EQ(b.lines(), "");
  }
}

TEST(Route, TellsHowEachRemoteFares) {
  using health = remote_state::health;
  EXPECT_TRUE(bench(1).way->states(bench(1).now).empty());
  bench b(3, "roundrobin: 1, 0, 2");
  const auto calm = b.way->states(b.now);
  ASSERT_EQ(calm.size(), 3U);
  EXPECT_EQ(calm[0].name, "10.0.0.1:80");
  EXPECT_EQ(calm[0].is, health::up);
  EXPECT_EQ(calm[1].is, health::unused);
  EXPECT_EQ(calm[2].share, 2U);
  for (auto claim = b.pick(); b.way->states(b.now)[0].is == health::up; claim = b.pick()) {
    if (claim.index() == 0) claim.failed(b.now, b.refused);
  }
  const auto now = b.way->states(b.now);
  EXPECT_EQ(now[0].is, health::aside);
  EXPECT_EQ(now[0].share, 0U);
  EXPECT_GE(now[0].aside_for, 800ms);
  EXPECT_LE(now[0].aside_for, 1200ms);
  EXPECT_EQ(b.way->states(b.now + 1min)[0].aside_for, 0ms) << "it waits for a trial";
  EXPECT_EQ(to_string(now[0].is), "aside");
}

TEST(Route, SaysOncePerChangeWhatBecameOfARemote) {
  bench b(2);
  for (int i = 0; i < 10; ++i) b.fail_once();  // two at the first, the others at the second
  EXPECT_EQ(
      b.count("remote 10.0.0.1:80 put aside for 1 s after 2 failed connects: connection refused"),
      1U)
      << b.lines();
  EXPECT_EQ(b.count("put aside"), 2U);
  EXPECT_EQ(b.count("[relay::balance][WARN]"), 2U);
  b.pick().succeeded();
  EXPECT_EQ(b.count("[relay::balance][WARN]remote 10.0.0."), 3U)
      << "at the same level" << b.lines();
  EXPECT_EQ(b.count(":80 is back after 0 s"), 1U) << b.lines();
  for (int i = 0; i < 10; ++i) b.pick().succeeded();
  EXPECT_EQ(b.count("is back"), 1U);
}

TEST(Route, ALongerTimeAsideIsNoChange) {
  bench b(2, "", logs::level::debug);
  b.fail_once();
  b.fail_once();
  b.now += 1300ms;
  b.fail_once();
  EXPECT_EQ(b.count("put aside"), 1U);
  EXPECT_EQ(b.count("[DEBUG]remote 10.0.0.1:80 stays aside for 2 s: connection refused"), 1U)
      << b.lines();
}

TEST(Route, NoiseStaysWithinAFifth) {
  for (std::uint32_t seed = 1; seed < 50; ++seed) {
    bench b(2);
    b.way.emplace(b.from, b.log.target("x"), nullptr, seed);
    b.fail_once();
    b.fail_once();
    b.now += 799ms;
    EXPECT_EQ(b.pick().index(), 1U);
    b.now += 402ms;
    EXPECT_EQ(b.pick().index(), 0U);
  }
}

TEST(Route, AClaimThatIsDroppedFreesItsTrial) {
  bench b(2);
  b.fail_once();
  b.fail_once();
  b.now += 2s;
  {
    const auto trial = b.pick();
    EXPECT_EQ(trial.index(), 0U);
    EXPECT_EQ(b.pick().index(), 1U) << "one at a time";
  }
  {
    auto trial = b.pick();
    EXPECT_EQ(trial.index(), 0U);
    auto moved = std::move(trial);
    EXPECT_EQ(b.pick().index(), 1U) << "still under way";
    moved = b.pick({0});  // replaced, so given up
    EXPECT_EQ(b.pick().index(), 0U);
  }
  b.pick().abandon();
  EXPECT_EQ(b.pick().index(), 0U);
}

TEST(Route, TellsItsOutcomeOnce) {
  bench b(2);
  auto once = b.pick();
  for (int i = 0; i < 5; ++i) once.failed(b.now, b.refused);
  EXPECT_EQ(b.pick().index(), 0U) << "one failure, however often it is told";
}

TEST(Route, DatagramsAvoidWhatIsAsideUntilItsTimeIsOver) {
  bench b(2);
  b.fail_once();
  b.fail_once();
  b.now += 10ms;
  EXPECT_EQ(b.way->pick_for_datagrams(b.client, b.now), 1U);
  b.now += 1h;
  EXPECT_EQ(b.way->pick_for_datagrams(b.client, b.now), 0U);
  EXPECT_EQ(b.pick().index(), 0U);
}

TEST(Route, ARemoteThatRefusesDatagramsGetsNoneForAWhileAndConnectionsAsBefore) {
  bench b(2);
  EXPECT_TRUE(b.way->datagrams_failed(0, b.now));
  EXPECT_EQ(b.way->pick_for_datagrams(b.client, b.now), 1U);
  EXPECT_EQ(b.pick().index(), 0U);
  EXPECT_FALSE(b.way->datagrams_failed(1, b.now)) << "nobody is left";
  EXPECT_EQ(b.way->pick_for_datagrams(b.client, b.now), 0U);
  EXPECT_EQ(b.way->pick_for_datagrams(b.client, b.now + 10s), 0U);
  EXPECT_EQ(b.lines(), "");
  bench only(1);
  EXPECT_FALSE(only.way->datagrams_failed(0, only.now));
}

TEST(Route, EndsWhenEveryCandidateHasBeenTried) {
  bench b(3, "roundrobin: 1, 1, 1");
  balance::tried_set tried;
  while (const auto next = b.pick(tried)) tried.push_back(next.index());
  std::ranges::sort(tried);
  EXPECT_EQ(tried, (balance::tried_set{0, 1, 2}));
}

TEST(Route, ManyThreadsShareOneSequence) {
  bench b(3, "roundrobin: 5, 1, 1");
  std::array<std::atomic<int>, 3> seen{};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 700; ++i) {
        auto claim = b.pick();
        ++seen[claim.index()];
        claim.succeeded();
      }
    });
  }
  for (auto& each : threads) each.join();
  EXPECT_EQ(seen[0], 2000);
  EXPECT_EQ(seen[1], 400);
  EXPECT_EQ(seen[2], 400);
}

TEST(Route, ManyThreadsWithEveryOutcomeLeaveNoTrialBehind) {
  bench b(3, "iphash: 1, 1, 1", logs::level::off);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 3000; ++i) {
        const auto now = b.now + std::chrono::milliseconds(i);
        auto claim = b.way->pick(b.client, now, {});
        if ((i + t) % 5 == 0) claim.succeeded();
        if ((i + t) % 5 < 4) claim.failed(now, b.refused);  // told once: the rest is given up
      }
    });
  }
  for (auto& each : threads) each.join();
  b.now += 1h;
  balance::tried_set tried;
  while (auto claim = b.pick(tried)) {
    tried.push_back(claim.index());
    claim.succeeded();
  }
  EXPECT_EQ(tried.size(), 3U);
  const auto first = b.pick().index();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(b.pick().index(), first) << "all are well again";
}

TEST(Route, ARemoteThatSomebodyElseHasChosenIsNobodysBusiness) {
  bench b(3);
  for (int i = 0; i < 5; ++i) {
    auto chosen = b.way->only(2);
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen.index(), 2U);
    chosen.failed(b.now, b.refused);
  }
  b.way->only(1).succeeded();
  EXPECT_EQ(b.lines(), "");
  EXPECT_EQ(b.pick().index(), 0U);
}

TEST(Route, WithOneCandidateAConnectionAheadIsNobodysBusiness) {
  bench b(3, "iphash: 0, 1");
  EXPECT_EQ(b.way->in_use(), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(b.way->ahead(1).index(), 1U);
  for (int i = 0; i < 5; ++i) b.way->ahead(1).failed(b.now, b.refused);
  EXPECT_TRUE(b.way->ahead(1));
  EXPECT_EQ(b.way->changes(), 0U);
}

TEST(Route, AConnectionAheadTellsOfItsRemoteLikeAnyOther) {
  bench b(2);
  const auto before = b.way->changes();
  b.way->ahead(0).failed(b.now, b.refused);
  EXPECT_EQ(b.way->changes(), before) << "once is no change";
  b.way->ahead(0).failed(b.now, b.refused);
  EXPECT_NE(b.way->changes(), before);
  EXPECT_EQ(b.count("remote 10.0.0.1:80 put aside for 1 s"), 1U) << b.lines();
  EXPECT_FALSE(b.way->ahead(0));
  EXPECT_EQ(b.pick().index(), 1U) << "no client had to find out";
  const auto aside = b.way->changes();
  b.now += 2s;
  b.pick().succeeded();
  EXPECT_NE(b.way->changes(), aside);
  EXPECT_TRUE(b.way->ahead(0));
}

TEST(Route, TakesOverTheHealthOfRemotesByTheirName) {
  bench b(3);
  b.fail_once();
  b.fail_once();
  ASSERT_EQ(b.pick().index(), 1U);
  auto next = b.from;
  std::swap(next.remote, next.extra_remotes[1]);  // it is the last one now
  route after(next, b.log.target("relay::balance"), &*b.way);
  EXPECT_EQ(after.pick(b.client, b.now, {}).index(), 0U);
  EXPECT_EQ(after.in_use(), (std::vector<std::uint32_t>{1, 0, 0}));
  EXPECT_EQ(after.pick(b.client, b.now, {0, 1}).index(), 2U) << "nobody else is left";
  next.remote = next.extra_remotes[1];  // aside, and twice
  route twice(next, b.log.target("relay::balance"), &*b.way);
  EXPECT_EQ(twice.pick(b.client, b.now, {}).index(), 1U);
}

TEST(Route, ATrialOfTheOldRuleIsNotOneOfTheNew) {
  bench b(2);
  b.fail_once();
  b.fail_once();
  b.now += 2s;
  const auto trial = b.pick();
  ASSERT_EQ(trial.index(), 0U);
  route after(b.from, b.log.target("relay::balance"), &*b.way);
  EXPECT_EQ(after.pick(b.client, b.now, {}).index(), 0U) << "it may be tried here as well";
}

}  // namespace
}  // namespace relay::forward
