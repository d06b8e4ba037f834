#include "unit/document/kettle.hpp"

#include <gtest/gtest.h>

namespace relay::document {
namespace {

using test::read;

TEST(TableReader, FillsWhatIsGivenAndLeavesTheRestAtItsDefault) {
  for (const auto* text :
       {"owner = \"ann\"\nboils = \"90s\"\n", "{\"owner\": \"ann\",\n\"boils\": 90}"}) {
    const auto made = read(text);
    EXPECT_EQ(made.said, "") << text;
    EXPECT_EQ(made.value, (test::kettle{"ann", true, 1, std::chrono::seconds(90)})) << text;
  }
}

TEST(TableReader, RemembersWhichKeysWereGivenAndWhere) {
  const auto made = read("owner = \"\"\nsings = false\n").value;
  EXPECT_TRUE(made.keys.has("owner") && made.keys.has("whistles"));
  EXPECT_FALSE(made.keys.has("litres"));
  EXPECT_EQ(made.keys.at("owner").to_string(), "t:1:9");
  EXPECT_EQ(made.keys.at("whistles").to_string(), "t:2:9") << "by its other name";
  EXPECT_EQ(made.keys.at("litres").from, nullptr);
}

TEST(TableReader, AWrongValueIsToldAndCountsAsNotGiven) {
  const auto made = read("litres = 10\nwhistles = 1\nowner = 3\n");
  EXPECT_EQ(made.said,
            "t:1:10 error `litres`: the number is out of range | it takes from 1 to 9\n"
            "t:2:12 error `whistles` takes true or false, not a whole number\n"
            "t:3:9 error `owner` takes a text, not a whole number\n");
  EXPECT_EQ(made.value, test::kettle{});
  for (const auto* key : {"litres", "whistles", "owner"}) {
    EXPECT_FALSE(made.value.keys.has(key)) << key;
  }
}

TEST(TableReader, OfTwoNamesTheRealOneCounts) {
  const auto made = read("sings = true\nwhistles = false\n");
  EXPECT_FALSE(made.value.whistles);
  EXPECT_EQ(made.said,
            "t:1:1 warning `sings` is another name of `whistles`, which is given as well | "
            "`whistles` counts; remove this one\n");
}

TEST(TableReader, NullIsNotGivenUnlessTheKeyIsRequired) {
  const auto made = read("{\"litres\": null, \"sings\": null}");
  EXPECT_EQ(made.said, "");
  EXPECT_FALSE(made.value.keys.has("litres"));
  EXPECT_EQ(read("{\"owner\": null}").said, "t:1:11 error `owner` takes a text, not null\n");
}

TEST(TableReader, WarnsOfEachKeyThatNobodyAskedFor) {
  EXPECT_EQ(read("litre = 3\ncolour = \"red\"\n").said,
            "t:1:1 warning unknown key `litre` in `kettle` | did you mean `litres`?\n"
            "t:2:1 warning unknown key `colour` in `kettle`\n");
}

TEST(TableReader, FindsTablesAndValuesBelow) {
  findings found;
  const auto from = make_source("t", "lid = 3\n[stove]\nheat = 1\n");
  const auto root = read_tree(from, found);
  ASSERT_TRUE(root);
  const vocabulary words;
  table_reader reader("", *root, from, words, found);
  EXPECT_NE(reader.take_table("stove"), nullptr);
  EXPECT_EQ(reader.take_table("lid"), nullptr);
  EXPECT_EQ(reader.take_table("handle"), nullptr);
  EXPECT_NE(reader.value_of("cover", "lid"), nullptr);
  EXPECT_EQ(reader.value_of("cover"), nullptr);
  reader.warn_about_the_rest();
  EXPECT_EQ(test::listed(found), "t:1:7 error `lid` takes a table, not a whole number\n");
}

}  // namespace
}  // namespace relay::document
