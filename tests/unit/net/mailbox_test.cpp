#include "support/sockets.hpp"

#include <relay/net/mailbox.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace relay::net {
namespace {

struct bench {
  poller on{[] {}};
  mailbox box{on};
};

TEST(Mailbox, RunsOnThePollerInOrder) {
  bench b;
  std::string seen;
  for (const char c : {'a', 'b', 'c'}) b.box.put([&seen, c] { seen += c; });
  EXPECT_EQ(seen, "");
  EXPECT_TRUE(test::turn_until(b.on, [&] { return seen == "abc"; }));
}

TEST(Mailbox, WakesAPollerThatWaits) {
  bench b;
  bool done = false;
  std::thread other([&] { b.box.put([&] { done = true; }); });
  EXPECT_TRUE(test::turn_until(b.on, [&] { return done; }));
  other.join();
}

TEST(Mailbox, WhatIsPutMeanwhileComesNext) {
  bench b;
  int left = 1000;
  std::function<void()> again = [&] {
    if (--left > 0) b.box.put(again);
  };
  b.box.put(again);
  EXPECT_TRUE(test::turn_until(b.on, [&] { return left == 0; }));
}

TEST(Mailbox, ManyThreadsLoseNothing) {
  bench b;
  constexpr int each = 2000;
  int count = 0;
  std::vector<std::thread> others;
  for (int t = 0; t < 4; ++t) {
    others.emplace_back([&] {
      for (int i = 0; i < each; ++i) b.box.put([&count] { ++count; });
    });
  }
  EXPECT_TRUE(test::turn_until(b.on, [&] { return count == 4 * each; }));
  for (auto& other : others) other.join();
}

TEST(Mailbox, WhatIsNeverRunIsDestroyed) {
  auto kept = std::make_shared<int>(1);
  {
    bench b;
    b.box.put([kept] {});
    EXPECT_EQ(kept.use_count(), 2);
  }
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(Mailbox, WhatOneThrowsIsToldAndKeptFromTheOthers) {
  poller on([] {});
  std::string told;
  mailbox box(on, [&told](const std::exception& e) { told += e.what(); });
  bool done = false;
  box.put([] { throw std::runtime_error("broken"); });
  box.put([&done] { done = true; });
  EXPECT_TRUE(test::turn_until(on, [&] { return done; }));
  EXPECT_EQ(told, "broken");
}

TEST(Mailbox, ARingWithoutAnythingInItWakesThePoller) {
  bench b;
  b.box.ring();
  EXPECT_TRUE(b.on.turn(std::chrono::seconds(10)));
  b.on.turn(std::chrono::microseconds(0));  // the bell has room again, says the kernel
  EXPECT_FALSE(b.on.turn(std::chrono::microseconds(0))) << "once";
}

}  // namespace
}  // namespace relay::net
