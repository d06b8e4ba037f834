#include <relay/base/units.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace relay {
namespace {

using namespace std::chrono_literals;

TEST(Durations, TakeUnitsAndPlainSeconds) {
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
  EXPECT_EQ(*parse_duration("5s"), 5s);
  EXPECT_EQ(*parse_duration("5"), 5s);
  EXPECT_EQ(*parse_duration("5 s"), 5s);
  EXPECT_EQ(*parse_duration("2m"), 2min);
  EXPECT_EQ(*parse_duration("1h"), 1h);
  EXPECT_EQ(*parse_duration("1d"), 24h);
  EXPECT_EQ(*parse_duration("0"), 0s);
}

TEST(Durations, RefuseWhatIsNoTime) {
  for (const auto* text :
       {"", "s", "-5s", "1.5s", "5 ", "5  s", "5S", "5sec", " 5s", "18446744073709551615s",
        "9223372036854775808ms", "99999999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
    EXPECT_FALSE(parse_duration(text).wrong.empty()) << text;
  }
  EXPECT_EQ(parse_duration("9223372036854775807ms")->count(),
            std::numeric_limits<std::int64_t>::max());
}

TEST(Sizes, KnowPowersOfTwoAndOfTen) {
  EXPECT_EQ(*parse_size("4096"), 4096U);
  EXPECT_EQ(*parse_size("4096B"), 4096U);
  EXPECT_EQ(*parse_size("512KiB"), 512U << 10);
  EXPECT_EQ(*parse_size("64MiB"), 64U << 20);
  EXPECT_EQ(*parse_size("10MB"), 10'000'000U);
  EXPECT_EQ(*parse_size("1 GiB"), 1U << 30);
}

TEST(Sizes, RefuseOverflowAndUnknownUnits) {
  EXPECT_FALSE(parse_size("16777216TiB"));
  EXPECT_EQ(*parse_size("16777215TiB"), 16777215ULL << 40);
  for (const auto* text : {"", "1K", "1mib", "1.5GiB", "MiB", "-1B", "1MiB/s"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
  EXPECT_NE(parse_size("1K").wrong.find("`K` is not a unit"), std::string::npos);
}

TEST(Rates, AreBytesPerSecond) {
  EXPECT_EQ(*parse_rate("10Mbit/s"), 1'250'000U);
  EXPECT_EQ(*parse_rate("1Gbit/s"), 125'000'000U);
  EXPECT_EQ(*parse_rate("8bit/s"), 1U);
  EXPECT_EQ(*parse_rate("5MiB/s"), 5U << 20);
  EXPECT_EQ(*parse_rate("5 MB/s"), 5'000'000U);
  EXPECT_EQ(*parse_rate("1000"), 1000U);
  EXPECT_EQ(*parse_rate("0"), 0U);
}

TEST(Rates, NeverRoundALimitToNone) {
  EXPECT_FALSE(parse_rate("7bit/s"));
  EXPECT_EQ(*parse_rate("0bit/s"), 0U);
}

TEST(Rates, RefuseSizesAndOverflow) {
  for (const auto* text : {"", "5MiB", "10Mbit", "10Mbps", "/s", "5/s", "99999999999Tbit/s"}) {
    EXPECT_FALSE(parse_rate(text)) << text;
    EXPECT_FALSE(parse_rate(text).wrong.empty()) << text;
  }
}

TEST(Units, PrintWhatReadsBack) {
  EXPECT_EQ(print_duration(5s), "5s");
  EXPECT_EQ(print_duration(250ms), "250ms");
  EXPECT_EQ(print_size(0), "0B");
  EXPECT_EQ(print_size(64U << 20), "64MiB");
  EXPECT_EQ(print_size(10'000'000), "10MB");
  EXPECT_EQ(print_rate(1'250'000), "1250KB/s");
  for (std::uint64_t value = 1; value < std::numeric_limits<std::uint64_t>::max() / 7;
       value = value * 7 + value % 5) {
    EXPECT_EQ(*parse_size(print_size(value)), value);
    EXPECT_EQ(*parse_rate(print_rate(value)), value);
    const std::chrono::milliseconds time(value / 2);
    EXPECT_EQ(*parse_duration(print_duration(time)), time);
  }
}

}  // namespace
}  // namespace relay
