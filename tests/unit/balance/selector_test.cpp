#include <relay/balance/selector.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace relay::balance {
namespace {

using namespace std::chrono_literals;
using event = health::event;

struct bench {
  bench(std::string_view how, std::size_t remotes)
      : count(remotes), all(balance::read_balance(how), named(remotes)) {}

  static std::vector<std::string> named(std::size_t remotes) {
    std::vector<std::string> made;
    for (std::size_t i = 0; i < remotes; ++i) made.push_back("r" + std::to_string(i) + ":1");
    return made;
  }
  choice pick(const tried_set& tried = {}) { return *all.pick(client, now, tried); }
  event fail(const choice& which) { return all.failed(which, now, 0).what; }
  event succeed(const choice& which) { return all.succeeded(which, now).what; }
  /// The remotes of so many connections that all succeed.
  std::string sequence(int connections) {
    std::string made;
    for (int i = 0; i < connections; ++i) {
      const auto which = pick();
      made += std::to_string(which.index);
      succeed(which);
    }
    return made;
  }
  /// Lets connections fail at one remote, and go on to others, until it is put aside.
  void put_aside(std::size_t index) {
    for (int i = 0; i < 1000; ++i) {
      tried_set tried;
      for (;;) {
        const auto which = pick(tried);
        if (which.index != index) {
          all.abandoned(which);
          break;
        }
        if (fail(which) == event::put_aside) return;
        tried.push_back(index);
        if (tried.size() == count) break;
      }
    }
    FAIL() << index << " is never chosen";
  }
  /// The order in which one connection tries them when all fail, told to nobody.
  std::string order() {
    std::string made;
    tried_set tried;
    while (const auto which = all.pick(client, now, tried)) {
      made += std::to_string(which->index);
      tried.push_back(which->index);
      all.abandoned(*which);
    }
    return made;
  }

  std::size_t count;
  selector all;
  health::time_point now{1h};
  ip_address client = *ip_address::parse("10.1.2.3");
};

TEST(Shares, SayWhoIsEverChosen) {
  const std::tuple<const char*, std::size_t, std::vector<std::uint32_t>> cases[] = {
      {"", 3, {1, 1, 1}},
      {"off:", 2, {1, 1}},
      {"off: 5, 1", 2, {1, 1}},
      {"roundrobin: 5, 1, 1", 3, {5, 1, 1}},
      {"roundrobin:", 2, {1, 0}},
      {"iphash: 7", 3, {1, 0, 0}},
      {"roundrobin: 0", 2, {1, 0}},
      {"roundrobin: 2, 3", 4, {2, 3, 0, 0}},
      {"roundrobin: 2, 3, 4", 2, {2, 3}},
      {"iphash: 0, 3", 2, {0, 3}},
      {"roundrobin: 0, 0", 2, {1, 0}},
      {"roundrobin: 0, 0, 9", 2, {1, 0}},
  };
  for (const auto& [text, remotes, expected] : cases) {
    EXPECT_EQ(shares(balance::read_balance(text), remotes), expected) << text;
  }
}

TEST(Selector, WithoutAStrategyTheFirstThatIsWell) {
  bench b("", 3);
  EXPECT_EQ(b.sequence(4), "0000");
  EXPECT_EQ(b.order(), "012");
  b.put_aside(0);
  EXPECT_EQ(b.sequence(3), "111");
  EXPECT_EQ(b.order(), "120") << "what is aside is tried for want of another";
}

TEST(Selector, TheFirstIsPreferredAgainAsSoonAsItAnswers) {
  bench b("", 2);
  b.put_aside(0);
  b.now += 1s;
  const auto trial = b.pick();
  EXPECT_EQ(trial.index, 0U);
  EXPECT_TRUE(trial.trial);
  EXPECT_EQ(b.sequence(3), "111") << "one connection tries it, the others do not wait";
  EXPECT_EQ(b.succeed(trial), event::back);
  EXPECT_EQ(b.sequence(3), "000");
}

TEST(Selector, AnAbandonedTrialIsTakenByTheNext) {
  bench b("", 2);
  b.put_aside(0);
  b.now += 1s;
  b.all.abandoned(b.pick());
  const auto again = b.pick();
  EXPECT_TRUE(again.trial);
  EXPECT_EQ(b.fail(again), event::stays_aside);
  EXPECT_EQ(b.sequence(2), "11");
  b.now += 2s;
  EXPECT_TRUE(b.pick().trial);
}

TEST(Selector, RoundRobinIsTheSmoothSequence) {
  bench b("roundrobin: 5, 1, 1", 3);
  EXPECT_EQ(b.sequence(21), "001020000102000010200");
}

TEST(Selector, ASubstituteDoesNotDisturbTheSequence) {
  bench b("roundrobin: 5, 1, 1", 3);
  std::string chosen;
  std::string substitutes;
  for (int i = 0; i < 21; ++i) {
    const auto which = b.pick();
    chosen += std::to_string(which.index);
    if (which.index == 0 && i % 7 == 0) {  // one failure, then successes: never put aside
      b.fail(which);
      substitutes += std::to_string(b.pick({0}).index);
    } else {
      b.succeed(which);
    }
  }
  EXPECT_EQ(chosen, "001020000102000010200");
  EXPECT_EQ(substitutes, "121") << "spread as the weights of the others are";
}

TEST(Selector, WhoIsAsideTakesNoPartInTheSequence) {
  bench b("roundrobin: 1, 1, 1", 3);
  b.put_aside(1);
  EXPECT_EQ(b.sequence(6).find('1'), std::string::npos);
  b.now += 1s;
  std::string seen;
  for (int i = 0; i < 6; ++i) {
    const auto which = b.pick();
    if (which.trial) {
      EXPECT_EQ(which.index, 1U);
      EXPECT_EQ(b.succeed(which), event::back);
    }
    seen += std::to_string(which.index);
  }
  EXPECT_EQ(std::ranges::count(seen, '1'), 2) << seen;
}

TEST(Selector, WithoutAWeightNeverNotEvenForWantOfAnother) {
  bench b("roundrobin: 0, 1, 1", 4);
  EXPECT_EQ(b.sequence(4), "1212");
  EXPECT_EQ(b.order().size(), 2U);
  b.put_aside(1);
  b.put_aside(2);
  EXPECT_EQ(b.order().find_first_of("03"), std::string::npos);
  bench h("iphash: 1, 0, 1, 0", 5);
  for (int i = 0; i < 100; ++i) {
    h.client = *ip_address::parse("10.0.0." + std::to_string(i));
    EXPECT_EQ(h.order().find_first_of("134"), std::string::npos);
  }
}

TEST(Selector, IpHashKeepsAClientAndItsOrder) {
  bench b("iphash: 1, 1, 1", 3);
  int moved = 0;
  for (int i = 0; i < 100; ++i) {
    b.client = *ip_address::parse("10.0.0." + std::to_string(i));
    const auto order = b.order();
    EXPECT_EQ(order.size(), 3U);
    EXPECT_EQ(b.order(), order);
    bench down("iphash: 1, 1, 1", 3);
    down.client = b.client;
    const auto first = static_cast<std::size_t>(order[0] - '0');
    down.put_aside(first);
    EXPECT_EQ(down.sequence(2), std::string(2, order[1])) << "the next in its order";
    moved += order[1] != '0' + static_cast<char>((first + 1) % 3);
  }
  EXPECT_GT(moved, 20) << "the clients of one remote go to different ones";
}

TEST(Selector, WhenAllAreAsideTheNearestInTimeIsTried) {
  bench b("", 3);
  b.put_aside(0);
  b.now += 100ms;
  b.put_aside(1);
  b.now += 100ms;
  b.put_aside(2);
  EXPECT_EQ(b.order(), "012");
  b.now += 801ms;
  EXPECT_EQ(b.fail(b.pick()), event::stays_aside) << "a trial: aside for 2 s from now";
  EXPECT_EQ(b.order(), "120");
  EXPECT_EQ(b.succeed(b.pick()), event::back) << "it was no trial, but it counts";
  EXPECT_EQ(b.sequence(2), "11");
}

TEST(Selector, DatagramsUseTheSameSequenceAndTakeNoTrial) {
  bench b("roundrobin: 1, 1, 1", 3);
  std::string seen;
  for (int i = 0; i < 3; ++i) {
    seen += std::to_string(b.all.pick_without_trial(b.client, b.now));
    seen += std::to_string(b.pick().index);
  }
  EXPECT_EQ(seen, "012012");
  b.put_aside(1);
  b.now += 10ms;
  for (int i = 0; i < 6; ++i) EXPECT_NE(b.all.pick_without_trial(b.client, b.now), 1U);
  b.now += 1h;
  std::string later;
  for (int i = 0; i < 6; ++i) later += std::to_string(b.all.pick_without_trial(b.client, b.now));
  EXPECT_NE(later.find('1'), later.npos) << "without connects it would be aside for ever";
  EXPECT_TRUE(b.all.pick(b.client, b.now, {0, 2})->trial) << "the slot is free";
  for (int i = 0; i < 6; ++i) EXPECT_NE(b.all.pick_without_trial(b.client, b.now), 1U) << "tried";
  bench all_aside("", 2);
  all_aside.put_aside(0);
  all_aside.now += 10ms;
  all_aside.put_aside(1);
  EXPECT_EQ(all_aside.all.pick_without_trial(b.client, all_aside.now), 0U);
}

TEST(Selector, DatagramsKeepOffThoseThatRefuseThemUnlessAllDo) {
  bench b("roundrobin: 1, 1, 1", 3);
  std::vector<health::time_point> refusing{{}, b.now + 10s, {}};
  EXPECT_TRUE(b.all.has_other(b.now, refusing));
  std::string seen;
  for (int i = 0; i < 4; ++i) {
    seen += std::to_string(b.all.pick_without_trial(b.client, b.now, refusing));
  }
  EXPECT_EQ(seen, "0202");
  EXPECT_NE(b.sequence(3).find('1'), std::string::npos) << "connections still go there";
  refusing = {b.now + 10s, b.now + 10s, b.now + 10s};
  EXPECT_FALSE(b.all.has_other(b.now, refusing));
  std::string all;
  for (int i = 0; i < 3; ++i) {
    all += std::to_string(b.all.pick_without_trial(b.client, b.now, refusing));
  }
  std::ranges::sort(all);
  EXPECT_EQ(all, "012");
  EXPECT_TRUE(b.all.has_other(b.now + 10s, refusing));
}

TEST(Selector, IsCalmWhileNothingFails) {
  bench b("", 2);
  EXPECT_TRUE(b.all.is_calm());
  const auto which = b.pick();
  b.fail(which);
  EXPECT_FALSE(b.all.is_calm());
  b.succeed(which);
  EXPECT_TRUE(b.all.is_calm());
}

/// Many connections under way at once, in any order, with any outcome.
class storm_of_connections {
 public:
  storm_of_connections(unsigned seed, std::string_view how, std::size_t remotes)
      : dice_(seed), bench_(how, remotes), shares_(shares(balance::read_balance(how), remotes)) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      bench_.now += std::chrono::milliseconds(dice_() % 400);
      if (under_way_.empty() || dice_() % 3 == 0)
        begin({});
      else
        end(dice_() % under_way_.size());
    }
    while (!under_way_.empty()) end(0);
    no_slot_is_left_taken();
  }

 private:
  struct connection {
    tried_set tried;
    choice now;
  };

  void begin(tried_set tried) {
    const auto found = bench_.all.pick(bench_.client, bench_.now, tried);
    const auto candidates =
        shares_.size() - static_cast<std::size_t>(std::ranges::count(shares_, 0U));
    ASSERT_EQ(found.has_value(), tried.size() < candidates) << "each is offered, and once";
    if (!found) return;
    ASSERT_GT(shares_[found->index], 0U);
    ASSERT_EQ(std::ranges::count(tried, found->index), 0);
    if (found->trial) {
      for (const auto& other : under_way_) {
        ASSERT_FALSE(other.now.trial && other.now.index == found->index &&
                     other.now.period == found->period)
            << "two trials of one remote";
      }
    }
    under_way_.push_back({std::move(tried), *found});
  }
  void end(std::size_t which) {
    auto over = under_way_[which];
    under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(which));
    switch (dice_() % 4) {
      case 0:
        bench_.all.abandoned(over.now);
        break;
      case 1:
        bench_.succeed(over.now);
        break;
      default:
        bench_.all.failed(over.now, bench_.now, noise_(dice_));
        over.tried.push_back(over.now.index);
        begin(std::move(over.tried));
    }
  }
  void no_slot_is_left_taken() {
    bench_.now += 2min;  // longer than anybody is aside
    tried_set tried;
    while (const auto which = bench_.all.pick(bench_.client, bench_.now, tried)) {
      ASSERT_NE(bench_.succeed(*which), event::put_aside);
      tried.push_back(which->index);
    }
    EXPECT_TRUE(bench_.all.is_calm()) << "who was aside has been tried";
  }

  std::mt19937 dice_;
  std::uniform_real_distribution<> noise_{-1.0, 1.0};
  bench bench_;
  std::vector<std::uint32_t> shares_;
  std::vector<connection> under_way_;
};

TEST(Selector, WhateverHappensNoTrialLeaksAndNobodyIsTriedTwice) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    for (const auto* how : {"", "roundrobin: 5, 1, 0, 1", "iphash: 1, 2, 3, 0"}) {
      storm_of_connections(seed, how, 4).run(300);
      if (testing::Test::HasFailure()) FAIL() << how << " seed " << seed;
    }
  }
}

using shares_now = std::vector<std::uint32_t>;

TEST(Selector, InUseAreThoseThatClientsGoTo) {
  EXPECT_EQ(bench("roundrobin: 5, 1, 0", 3).all.in_use(), (shares_now{5, 1, 0}));
  EXPECT_EQ(bench("iphash: 2, 3", 2).all.in_use(), (shares_now{2, 3}));
  EXPECT_EQ(bench("", 3).all.in_use(), (shares_now{1, 0, 0})) << "the others are backups";
}

TEST(Selector, WhoIsAsideIsNotInUseUntilItIsBack) {
  for (const auto& [how, aside] : {std::pair("", shares_now{0, 1, 0}),
                                   {"roundrobin: 5, 1, 2", shares_now{0, 1, 2}},
                                   {"iphash: 5, 1, 2", shares_now{0, 1, 2}}}) {
    bench b(how, 3);
    const auto whole = b.all.in_use();
    for (int i = 0; i < 2; ++i) b.fail(*b.all.ahead(0));
    EXPECT_EQ(b.all.in_use(), aside) << how;
    EXPECT_FALSE(b.all.ahead(0)) << "only a client may try it";
    b.now += 2s;
    EXPECT_EQ(b.all.in_use(), aside) << "its time is over, which says nothing about it";
    tried_set tried;  // its trial is some client's
    while (b.all.in_use() == aside) {
      const auto which = b.all.pick(b.client, b.now, tried);
      ASSERT_TRUE(which);
      if (which->trial) b.succeed(*which);
      tried.push_back(which->index);
    }
    EXPECT_EQ(b.all.in_use(), whole);
  }
}

TEST(Selector, NobodyIsInUseWhenAllAreAside) {
  bench b("roundrobin: 1, 1", 2);
  for (const std::size_t index : {0U, 1U}) {
    for (int i = 0; i < 2; ++i) b.fail(*b.all.ahead(index));
  }
  EXPECT_EQ(b.all.in_use(), (shares_now{0, 0}));
}

TEST(Selector, AConnectionAheadLeavesTheSequenceAlone) {
  bench b("roundrobin: 5, 1, 1", 3);
  bench alone("roundrobin: 5, 1, 1", 3);
  std::string made;
  for (int i = 0; i < 14; ++i) {
    b.succeed(*b.all.ahead(0));
    made += b.sequence(1);
  }
  EXPECT_EQ(made, alone.sequence(14));
}

TEST(Selector, AFailureFromBeforeTheChangeSaysNothing) {
  bench b("", 2);
  const auto early = *b.all.ahead(0);
  for (int i = 0; i < 2; ++i) b.fail(*b.all.ahead(0));
  EXPECT_EQ(b.fail(early), event::none);
}

}  // namespace
}  // namespace relay::balance
