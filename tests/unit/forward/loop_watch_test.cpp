#include <relay/forward/loop_watch.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace relay::forward {
namespace {

using std::chrono::milliseconds;
using clock = loop_watch::clock;
using verdict = loop_watch::verdict;

std::uint32_t print(std::string_view text) { return fingerprint(std::as_bytes(std::span(text))); }

clock::time_point at(int ms) { return clock::time_point(std::chrono::hours(1) + milliseconds(ms)); }

TEST(Fingerprint, IsTheSameForTheSameAndMostlyAnotherForOthers) {
  EXPECT_EQ(print("a question"), print("a question"));
  std::set<std::uint32_t> seen;
  for (std::size_t size = 0; size <= 64; ++size) {
    std::string text(size, 'x');
    seen.insert(print(text));
    for (auto& each : text) {  // each byte counts
      each = 'y';
      seen.insert(print(text));
      each = 'x';
    }
  }
  EXPECT_EQ(seen.size(), 65U + 64U * 65U / 2U);
}

TEST(Fingerprint, OfALongOneBeginningMiddleAndEndCount) {
  std::string text(1400, 'x');
  std::set<std::uint32_t> seen{print(text), print(text + "x")};
  for (const std::size_t place : {0U, 7U, 700U, 1399U}) {
    auto other = text;
    other[place] = 'y';
    seen.insert(print(other));
  }
  EXPECT_GE(seen.size(), 5U);
}

/// What comes at even distances: how many were dropped, and when that began.
struct stream {
  void run(int from, int to, int distance, std::string_view text, int answers_each = 1) {
    for (int now = from; now < to; now += distance) {
      const auto seen = watch.see(print(text), answers, at(now));
      if (seen == verdict::pass) answers += static_cast<std::uint32_t>(answers_each);
      if (seen == verdict::begins) begins.push_back(now);
      if (seen != verdict::pass) ++dropped;
    }
  }
  loop_watch watch;
  std::uint32_t answers = 0;
  int dropped = 0;
  std::vector<int> begins;
};

TEST(LoopWatch, WhatComesBackMoreThanFiftyTimesASecondIsDroppedAfterASecond) {
  stream loop;
  loop.run(0, 1100, 10, "round");
  ASSERT_EQ(loop.begins.size(), 1U);
  EXPECT_LE(loop.begins.front(), 1020);
  loop.run(1100, 1200, 10, "round");
  EXPECT_GT(loop.dropped, 10);
  EXPECT_EQ(loop.begins.size(), 1U);
}

TEST(LoopWatch, FiftyASecondAreNone) {
  stream slow;
  slow.run(0, 10'000, 20, "idle");
  EXPECT_EQ(slow.dropped, 0);
}

TEST(LoopWatch, WhatDiffersIsNone) {
  loop_watch watch;
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_EQ(watch.see(print(std::to_string(i)), static_cast<std::uint32_t>(i), at(i / 10)),
              verdict::pass);
  }
}

TEST(LoopWatch, WhatNobodyAnswersIsNone) {
  stream silence;  // sound without sound, say
  silence.run(0, 10'000, 10, "silence", 0);
  EXPECT_EQ(silence.dropped, 0);
}

TEST(LoopWatch, OneOfManyThatCircleIsEnough) {
  loop_watch watch;
  bool found = false;
  std::uint32_t answers = 0;
  for (int i = 0; i < 30'000 && !found; ++i) {  // 10,000 a second, a hundred different ones
    found = watch.see(print(std::to_string(i % 100)), answers++, at(i / 10)) == verdict::begins;
  }
  EXPECT_TRUE(found);
}

TEST(LoopWatch, InThePauseNothingPasses) {
  stream loop;
  loop.run(0, 1020, 10, "round");
  ASSERT_EQ(loop.begins.size(), 1U);
  EXPECT_EQ(loop.watch.see(print("another of the same"), loop.answers, at(1030)), verdict::drop);
}

TEST(LoopWatch, WhoGoesOnAfterThePauseIsLeftAloneForLongerEachTime) {
  stream client;
  client.run(0, 600'000, 10, "the same again");
  ASSERT_GE(client.begins.size(), 7U);
  EXPECT_LE(client.begins.size(), 16U);
  EXPECT_GT(client.begins[2] - client.begins[1], 2 * (client.begins[1] - client.begins[0]) - 500);
  EXPECT_GT(client.begins[6] - client.begins[5], 30'000);
}

TEST(LoopWatch, AnswersThatWereFewerThanBeforeDecideNothing) {
  loop_watch watch;  // newcomers that wait for their first answer are counted, which may fall
  std::uint32_t waiting = 40;
  for (int now = 0; now < 5000; now += 10) {
    if (waiting > 2) --waiting;
    ASSERT_EQ(watch.see(print("hello"), waiting, at(now)), verdict::pass);
  }
}

}  // namespace
}  // namespace relay::forward
