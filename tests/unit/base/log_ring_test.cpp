#include <relay/base/log_ring.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace relay {
namespace {

/// What a writer would write next: the line, with `-N ` before it when N are missing there.
std::string next(log_ring& from) {
  const auto lost = from.take_lost();
  std::string text = lost != 0 ? "-" + std::to_string(lost) + " " : "";
  text += from.front();
  from.pop();
  return text;
}

std::vector<std::string> rest(log_ring& from) {
  std::vector<std::string> all;
  while (from.has_news()) all.push_back(next(from));
  return all;
}

TEST(LogRing, LinesComeInTheOrderInWhichTheyWerePut) {
  log_ring ring(1024);
  EXPECT_FALSE(ring.has_news());
  for (const auto* line : {"one", "two", "three"}) EXPECT_TRUE(ring.put(line));
  EXPECT_EQ(rest(ring), (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_FALSE(ring.has_news());
}

TEST(LogRing, LineStaysWhereItIsWhileOthersArePut) {
  log_ring ring(256);
  EXPECT_TRUE(ring.put("first"));
  const auto line = ring.front();
  while (ring.put("another")) {
  }
  EXPECT_EQ(line, "first");
  EXPECT_EQ(line.data(), ring.front().data());
}

TEST(LogRing, WhatDoesNotFitIsCountedBehindWhatIsThere) {
  log_ring ring(64);
  std::size_t fit = 0;
  while (ring.put("12345678")) ++fit;
  EXPECT_EQ(fit, 4U) << "16 bytes each";
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(ring.put("more"));
  EXPECT_EQ(rest(ring),
            (std::vector<std::string>{"12345678", "12345678", "12345678", "12345678", "-7 "}));
  EXPECT_FALSE(ring.has_news());
}

TEST(LogRing, CountStandsBeforeTheNextLineThatFits) {
  log_ring ring(64);
  while (ring.put("12345678")) {
  }
  for (int i = 0; i < 2; ++i) EXPECT_EQ(next(ring), "12345678");
  EXPECT_TRUE(ring.put("later"));
  EXPECT_EQ(rest(ring), (std::vector<std::string>{"12345678", "12345678", "-1 later"}));
}

TEST(LogRing, OnceOneIsLostNoneIsTakenUntilHalfOfTheRoomIsFree) {
  log_ring ring(64);
  while (ring.put("12345678")) {
  }
  EXPECT_EQ(next(ring), "12345678");
  EXPECT_FALSE(ring.put("one")) << "a slow reader is told once about many";
  EXPECT_EQ(next(ring), "12345678");
  EXPECT_TRUE(ring.put("two"));
  EXPECT_EQ(rest(ring), (std::vector<std::string>{"12345678", "12345678", "-2 two"}));
}

TEST(LogRing, LineThatNeverFitsIsLost) {
  log_ring ring(64);
  EXPECT_FALSE(ring.put(std::string(64, 'x')));
  EXPECT_TRUE(ring.put(std::string(56, 'y')));
  EXPECT_EQ(rest(ring), (std::vector<std::string>{"-1 " + std::string(56, 'y')}));
}

TEST(LogRing, AnEmptyLineIsNone) {
  log_ring ring(64);
  EXPECT_TRUE(ring.put(""));
  EXPECT_FALSE(ring.has_news());
}

/// Every length and every place of the end: nothing is cut, mixed or counted wrongly.
TEST(LogRing, LinesOfAllLengthsGoRoundWithoutLoss) {
  log_ring ring(200);
  std::size_t put = 0;
  std::size_t taken = 0;
  std::size_t lost = 0;
  const auto text = [](std::size_t n) {
    return std::string(n % 61 + 1, static_cast<char>('a' + n % 26));
  };
  std::vector<std::size_t> waiting;
  for (std::size_t turn = 0; turn < 20'000; ++turn) {
    for (std::size_t i = 0; i < turn % 5; ++i, ++put) {
      ring.put(text(put)) ? waiting.push_back(put) : static_cast<void>(++lost);
    }
    for (std::size_t i = 0; i < turn % 7 && !waiting.empty(); ++i, ++taken) {
      lost -= ring.take_lost();
      EXPECT_EQ(ring.front(), text(waiting.front()));
      ring.pop();
      waiting.erase(waiting.begin());
    }
  }
  for (; !waiting.empty(); ring.pop(), waiting.erase(waiting.begin())) {
    lost -= ring.take_lost();
    EXPECT_EQ(ring.front(), text(waiting.front()));
  }
  EXPECT_EQ(ring.take_lost(), lost);
  EXPECT_GT(taken, 10'000U);
  EXPECT_FALSE(ring.has_news());
}

}  // namespace
}  // namespace relay
