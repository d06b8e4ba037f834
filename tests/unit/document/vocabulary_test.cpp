#include "unit/document/kettle.hpp"

#include <gtest/gtest.h>

namespace relay::document {
namespace {

constexpr retired_key retired[]{{"coal", "the stove is electric"}};
constexpr foreign_name foreign[]{{"vessel", "kettle"}, {"volume", "litres"}};
constexpr written_key special[]{{"kettle", "did you mean `[[kettle]]`?"}};

vocabulary words() {
  return {{{"", "kettle", ""}, {"kettle", "litres", ""}, {"stove", "heat", ""}},
          retired,
          foreign,
          special};
}

std::string advice(std::string_view unknown, std::string_view table, bool is_json = false) {
  const std::vector<std::string_view> at_top{"kettle"};
  const std::vector<std::string_view> in_table{"litres"};
  return words().advice_on(unknown, table, table.empty() ? at_top : in_table, is_json);
}

TEST(Vocabulary, TheNearestKeyOfTheTableComesFirst) {
  EXPECT_EQ(advice("litre", "kettle"), "did you mean `litres`?");
  EXPECT_EQ(advice("kettel", ""), "did you mean `[[kettle]]`?");
  EXPECT_EQ(advice("kettel", "", true), "did you mean `kettle`?");
}

TEST(Vocabulary, AKeyOfAnotherTableBelongsThere) {
  EXPECT_EQ(advice("heat", "kettle"), "it belongs in `stove`");
  EXPECT_EQ(advice("kettle", "stove"), "it stands at the top level, outside of any table");
}

TEST(Vocabulary, KnowsWhatOthersCallIt) {
  EXPECT_EQ(advice("volume", "kettle"), "did you mean `litres`?");
  EXPECT_EQ(advice("volume", ""), "did you mean `litres`, which belongs in `kettle`?");
  EXPECT_EQ(advice("vessel", "kettle"), "did you mean `kettle`?");
}

TEST(Vocabulary, TheNearestOfAllTablesIsTheLastGuess) {
  EXPECT_EQ(advice("heats", "kettle"), "did you mean `heat`, which belongs in `stove`?");
  EXPECT_EQ(advice("zebra", "kettle"), "");
}

TEST(Vocabulary, ARetiredKeyIsToldOnceForEachText) {
  const auto known = words();
  ASSERT_NE(known.find_retired("coal"), nullptr);
  EXPECT_EQ(known.find_retired("wood"), nullptr);
  EXPECT_EQ(test::read("coal = 1\n", known).said,
            "t:1:1 warning `coal` no longer does anything: the stove is electric | remove it, here "
            "and wherever else it stands in this file\n");
}

}  // namespace
}  // namespace relay::document
