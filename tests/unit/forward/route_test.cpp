#include "support/scratch_directory.hpp"

#include <relay/base/log.hpp>
#include <relay/forward/route.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

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
    way.emplace(from, log.target("relay::balance"), 1U);
  }
  route::claim pick(const balance::tried_set& tried = {}) { return way->pick(client, now, tried); }
  void fail_once() { pick().failed(now, refused); }
  std::string lines() const {
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
  EXPECT_EQ(b.count("[relay::balance][INFO]remote 10.0.0."), 1U) << b.lines();
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
    b.way.emplace(b.from, b.log.target("x"), seed);
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

TEST(Route, DatagramsNeverTryWhatIsAside) {
  bench b(2);
  b.fail_once();
  b.fail_once();
  b.now += 1h;
  EXPECT_EQ(b.way->pick_for_datagrams(b.client, b.now), 1U);
  EXPECT_EQ(b.pick().index(), 0U);
}

TEST(Route, EndsWhenEveryCandidateHasBeenTried) {
  bench b(3, "roundrobin: 1, 1, 1");
  balance::tried_set tried;
  while (const auto next = b.pick(tried)) tried.push_back(next.index());
  std::ranges::sort(tried);
  EXPECT_EQ(tried, (balance::tried_set{0, 1, 2}));
}

}  // namespace
}  // namespace relay::forward
