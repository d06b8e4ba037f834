#include "unit/document/kettle.hpp"

#include <gtest/gtest.h>

namespace relay::document {
namespace {

using test::kettle;
using test::kettle_keys;

kettle given(const std::string& text) { return test::read(text).value; }

TEST(Schema, CompletesKeyByKeyAndTheFirstOneCounts) {
  auto made = given("litres = 2\n");
  complete(kettle_keys(), made, given("litres = 3\nowner = \"ann\"\n"));
  complete(kettle_keys(), made, given("owner = \"bob\"\nwhistles = false\n"));
  EXPECT_EQ(made, (kettle{"ann", false, 2}));
}

TEST(Schema, KeepsTheOriginOfWhatItTook) {
  kettle made;
  complete(kettle_keys(), made, given("\nlitres = 3\n"));
  EXPECT_EQ(made.keys.at("litres").to_string(), "t:2:10");
  EXPECT_FALSE(made.keys.has("owner"));
}

TEST(Schema, AValueThatWasNotGivenIsNotTaken) {
  kettle other;
  other.litres = 7;  // without its key
  kettle made;
  complete(kettle_keys(), made, other);
  EXPECT_EQ(made.litres, 1);
}

TEST(Schema, AGivenDefaultCountsOverWhatComesLater) {
  auto made = given("litres = 1\n");
  complete(kettle_keys(), made, given("litres = 3\n"));
  EXPECT_EQ(made.litres, 1);
}

TEST(Schema, EachRowKnowsItsMember) {
  const kettle one;
  for (const auto& row : kettle_keys()) {
    EXPECT_EQ(row.place(one) == &one.litres, row.name == "litres") << row.name;
  }
}

}  // namespace
}  // namespace relay::document
