#include <relay/resume/backoff.hpp>

#include <gtest/gtest.h>

namespace relay::resume {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, TheFirstAttemptIsMadeAtOnceThenPausesGrowToFiveSeconds) {
  backoff shortest;
  backoff longest;
  const std::chrono::milliseconds wanted[] = {0ms,    100ms,  200ms, 400ms, 800ms,
                                              1600ms, 3200ms, 5s,    5s};
  for (const auto each : wanted) {
    EXPECT_EQ(shortest.next(0), each / 2);
    const auto half = static_cast<std::uint64_t>(each.count() / 2);
    EXPECT_EQ(longest.next(half), each);
  }
  for (int i = 0; i < 100; ++i) EXPECT_LE(longest.next(static_cast<std::uint64_t>(i) * 7919), 5s);
  longest.succeeded();
  EXPECT_EQ(longest.next(1), 0ms);
}

TEST(Backoff, NoiseSpreadsThem) {
  backoff one;
  backoff other;
  (void)one.next(0);
  (void)other.next(0);
  EXPECT_NE(one.next(3), other.next(17));
}

}  // namespace
}  // namespace relay::resume
