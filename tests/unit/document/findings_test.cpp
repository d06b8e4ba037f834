#include "unit/document/kettle.hpp"

#include <gtest/gtest.h>

namespace relay::document {
namespace {

TEST(DocumentFindings, AreToldInTheOrderOfTheText) {
  const auto one = make_source("one", "ab\ncd\n");
  const auto two = make_source("two", "ef\n");
  findings found;
  found.error({one, 4}, "late");
  found.warning({two, 0}, "other");
  found.warning({one, 0}, "early", "a hint");
  EXPECT_EQ(test::listed(found),
            "one:1:1 warning early | a hint\none:2:2 error late\ntwo:1:1 warning other\n");
}

TEST(DocumentFindings, OfManyTheFirstAreKeptAndTheOthersCounted) {
  const auto from = make_source("t", "x\n");
  findings found;
  for (std::size_t i = 0; i < findings::most_kept + 7; ++i) found.warning({from, 0}, "odd");
  EXPECT_FALSE(found.wants(problem::level::warning));
  EXPECT_TRUE(found.wants(problem::level::error)) << "each level for itself";
  const auto all = found.finish();
  ASSERT_EQ(all.size(), findings::most_kept + 1);
  EXPECT_EQ(all.back().message, "and 7 more warnings");
}

TEST(DocumentFindings, AnErrorAmongThemIsThrownWithAllOfThem) {
  const auto from = make_source("t", "x = 1\n");
  findings found;
  found.warning({from, 0}, "odd");
  found.error({from, 4}, "wrong", "write 2");
  try {
    found.finish();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const refusal& failure) {
    EXPECT_EQ(failure.problems().size(), 2U);
    EXPECT_EQ(std::string(failure.what()),
              "t:1:1: warning: odd\n 1 | x = 1\n   | ^\n"
              "t:1:5: error: wrong\n 1 | x = 1\n   |     ^\n  hint: write 2");
  }
}

TEST(DocumentFindings, AWarningBecomesTheErrorThatItIsTheCauseOf) {
  const auto from = make_source("t", "x = 1\n");
  findings found;
  found.warning({from, 0}, "misspelt");
  EXPECT_FALSE(found.has_errors());
  EXPECT_FALSE(found.raise({from, 4})) << "nothing is known of that place";
  EXPECT_TRUE(found.raise({from, 0}));
  EXPECT_TRUE(found.raise({from, 0})) << "it is one already";
  EXPECT_TRUE(found.has_errors());
  EXPECT_EQ(test::listed(found), "t:1:1 error misspelt\n");
}

TEST(DocumentFindings, AKeyInDoubtIsBlamedWhereItsCauseIsKnown) {
  const auto from = make_source("t", "x = 1\n");
  findings found;
  EXPECT_FALSE(found.blame("use"));
  found.warning({from, 0}, "unknown key `usse`");
  found.doubt("use", {from, 0});
  EXPECT_TRUE(found.is_doubtful("use"));
  EXPECT_FALSE(found.is_doubtful("us"));
  EXPECT_FALSE(found.has_errors()) << "a warning stays one until something hangs on it";
  EXPECT_TRUE(found.blame("use"));
  EXPECT_TRUE(found.has_errors());
}

TEST(DocumentFindings, ASubjectIsFirstOnceInEachText) {
  const auto one = make_source("one", "");
  const auto two = make_source("two", "");
  findings found;
  EXPECT_TRUE(found.is_first(one.get(), "a"));
  EXPECT_FALSE(found.is_first(one.get(), "a"));
  EXPECT_TRUE(found.is_first(one.get(), "b"));
  EXPECT_TRUE(found.is_first(two.get(), "a"));
}

}  // namespace
}  // namespace relay::document
