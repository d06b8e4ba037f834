#include <relay/forward/error_counts.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

using kinds = std::vector<error_counts::kind>;

TEST(ErrorCounts, CountsByStepAndReasonTheMostFrequentFirst) {
  error_counts counted;
  counted.add("resolving", "no such name");
  for (int i = 0; i < 3; ++i) counted.add("connecting", "connection refused");
  counted.add("connecting", "timed out");
  EXPECT_EQ(counted.all(), (kinds{{"connecting/connection_refused", 3},
                                  {"connecting/timed_out", 1},
                                  {"resolving/no_such_name", 1}}));
}

TEST(ErrorCounts, NothingHasHappenedAtFirst) { EXPECT_TRUE(error_counts().all().empty()); }

TEST(ErrorCounts, AReasonWithoutAStepStandsAlone) {
  error_counts counted;
  counted.add("", "rejected by pre-connect hook");
  EXPECT_EQ(counted.all(), (kinds{{"rejected_by_pre_connect_hook", 1}}));
}

TEST(ErrorCounts, PeersCannotMakeItGrow) {
  error_counts counted;
  for (int i = 0; i < 1000; ++i) counted.add("TLS", "bad name " + std::to_string(i));
  const auto all = counted.all();
  EXPECT_EQ(all.size(), error_counts::most_kinds + 1);
  EXPECT_EQ(all.front(), (error_counts::kind{"other", 1000 - error_counts::most_kinds}));
  counted.add("TLS", "bad name 0");
  EXPECT_EQ(counted.all()[1], (error_counts::kind{"TLS/bad_name_0", 2})) << "it is known";
}

TEST(AsWord, LeavesNothingThatSeparates) {
  EXPECT_EQ(as_word("connection refused"), "connection_refused");
  EXPECT_EQ(as_word("a, b: \"c\"=d\n"), "a_b_c_d");
  EXPECT_EQ(as_word("  "), "");
}

}  // namespace
}  // namespace relay::forward
