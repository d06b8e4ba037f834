// The parts of the load generator that need no network.
#include "histogram.hpp"
#include "options.hpp"
#include "pattern.hpp"
#include "process_cpu.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <vector>

namespace relay::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(Histogram, IsZeroWithoutSamples) {
  const histogram none;
  EXPECT_EQ(none.count(), 0U);
  EXPECT_EQ(none.percentile(0.5), 0);
  EXPECT_EQ(none.greatest(), 0);
}

TEST(Histogram, KeepsPercentilesWithinHalfAPercent) {
  histogram samples;
  for (int i = 1; i <= 10000; ++i) samples.add(microseconds(i));
  EXPECT_EQ(samples.count(), 10000U);
  EXPECT_NEAR(samples.percentile(0.5), 5000, 25);
  EXPECT_NEAR(samples.percentile(0.99), 9900, 50);
  EXPECT_NEAR(samples.percentile(0.999), 9990, 50);
  EXPECT_EQ(samples.greatest(), 10000);
}

TEST(Histogram, IsExactForFewNanoseconds) {
  histogram samples;
  samples.add(nanoseconds(7));
  samples.add(nanoseconds(200));
  EXPECT_EQ(samples.percentile(0.5), 0.007);
  EXPECT_EQ(samples.percentile(1), 0.2);
}

TEST(Histogram, TakesHoursAndClocksThatWentBack) {
  histogram samples;
  samples.add(std::chrono::hours(10));
  samples.add(nanoseconds(-5));
  EXPECT_EQ(samples.percentile(0.5), 0);
  EXPECT_NEAR(samples.percentile(1), 36e9, 36e9 * 0.005);
}

TEST(Histogram, NeverTellsMoreThanTheGreatest) {
  histogram samples;
  samples.add(nanoseconds(1'000'001));
  EXPECT_LE(samples.percentile(0.999), samples.greatest());
}

TEST(Histogram, ForgetsWhenCleared) {
  histogram samples;
  samples.add(microseconds(3));
  samples.clear();
  EXPECT_EQ(samples.count(), 0U);
  EXPECT_EQ(samples.percentile(1), 0);
}

std::vector<char> take(pattern& from, std::size_t most) {
  const auto piece = from.next().first(std::min(most, from.next().size()));
  std::vector<char> bytes(piece.begin(), piece.end());
  from.advance(bytes.size());
  return bytes;
}

TEST(Pattern, IsTheSameHoweverItIsCut) {
  pattern sent(200'000);
  pattern expected(200'000);
  for (std::size_t cut = 1; sent.left() > 0; cut = cut * 3 + 1) {
    EXPECT_TRUE(expected.matches(take(sent, cut)));
  }
  EXPECT_EQ(expected.left(), 0U);
}

TEST(Pattern, NoticesAChangedByte) {
  pattern sent(1000);
  pattern expected(1000);
  auto bytes = take(sent, 1000);
  bytes[999] ^= 1;
  EXPECT_FALSE(expected.matches(bytes));
}

TEST(Pattern, NoticesLostAndDoubledBytes) {
  for (const std::size_t gap : {std::size_t{1}, std::size_t{4096}, std::size_t{65536}}) {
    pattern sent(400'000);
    pattern expected(400'000);
    for (std::size_t lost = 0; lost < gap;) lost += take(sent, gap - lost).size();
    EXPECT_FALSE(expected.matches(take(sent, 4096))) << gap;
  }
}

TEST(Pattern, TakesNoByteMoreThanItHas) {
  pattern sent(1000);
  pattern expected(999);
  EXPECT_FALSE(expected.matches(take(sent, 1000)));
}

options parse(std::vector<std::string> words) {
  words.insert(words.begin(), "relay_generator");
  std::vector<char*> raw;
  for (auto& word : words) raw.push_back(word.data());
  return {static_cast<int>(raw.size()), raw.data()};
}

TEST(Options, ReadPairsAndACommand) {
  auto given = parse({"start", "--seconds", "1.5", "--connections", "3", "--", "cat", "--help"});
  EXPECT_EQ(given.work(), "start");
  EXPECT_EQ(given.seconds("seconds", 9), 1.5);
  EXPECT_EQ(given.number("connections", 9), 3U);
  EXPECT_EQ(given.number("flows", 9), 9U);
  EXPECT_EQ(given.command(), (std::vector<std::string>{"cat", "--help"}));
  EXPECT_NO_THROW(given.check());
}

TEST(Options, ObjectToWhatNobodyAskedFor) {
  auto given = parse({"stream", "--conections", "3"});
  (void)given.number("connections", 1);
  EXPECT_THROW(given.check(), usage_error);
}

TEST(Options, ObjectToWhatIsNoNumberOrAddress) {
  EXPECT_THROW(parse({"stream", "--seconds"}), usage_error);
  EXPECT_THROW(parse({"stream", "seconds", "1"}), usage_error);
  EXPECT_THROW(parse({"stream", "--n", "1x"}).number("n", 0), usage_error);
  EXPECT_THROW(parse({"stream", "--n", "-1"}).seconds("n", 0), usage_error);
  for (const auto* text : {"127.0.0.1", "localhost:80", "127.0.0.1:70000", "127.0.0.1:"}) {
    EXPECT_THROW(parse({"stream", "--to", text}).where("to"), usage_error) << text;
  }
  EXPECT_EQ(parse({"stream", "--to", "127.0.0.1:80"}).where("to").raw.sin_port, htons(80));
}

TEST(ProcessCpu, GrowsWithWork) {
  const std::vector<pid_t> us{::getpid()};
  const auto before = cpu_of(us);
  volatile std::uint64_t sum = 0;
  while (cpu_of(us) < before + 0.005) sum = sum + 1;
  EXPECT_GT(cpu_of(us), before);
}

TEST(ProcessCpu, IsZeroForNobody) {
  EXPECT_EQ(cpu_of({}), 0);
  EXPECT_EQ(cpu_of(parse_pids("999999999")), 0);
  EXPECT_EQ(parse_pids("12,345"), (std::vector<pid_t>{12, 345}));
  EXPECT_TRUE(parse_pids("").empty());
}

}  // namespace
}  // namespace relay::bench
