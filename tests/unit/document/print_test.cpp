#include "unit/document/kettle.hpp"

#include <relay/document/print.hpp>

#include <gtest/gtest.h>

namespace relay::document {
namespace {

using test::kettle;
using test::kettle_keys;

printed_table printed(const kettle& what, extent how) {
  printed_table made;
  print_keys(made, kettle_keys(), what, how);
  return made;
}

std::string toml(const printed_table& table) {
  std::string text;
  append_toml(text, "[kettle]", table);
  return text;
}

TEST(Print, WritesAllKeysOrThoseThatAreNotAtTheirDefault) {
  const kettle what{"ann \"the\" \\", true, 3};
  EXPECT_EQ(
      toml(printed(what, extent::all)),
      "[kettle]\nowner = \"ann \\\"the\\\" \\\\\"\nwhistles = true\nlitres = 3\nboils = 60\n");
  EXPECT_EQ(toml(printed(what, extent::needed)),
            "[kettle]\nowner = \"ann \\\"the\\\" \\\\\"\nlitres = 3\n");
}

TEST(Print, WhatIsRequiredIsWrittenAtItsDefaultUnlessItIsNoText) {
  EXPECT_TRUE(printed({}, extent::needed).empty()) << "an empty text is none";
  EXPECT_FALSE(is_default(kettle_keys().front(), kettle{}));
}

TEST(Print, ReadsBackEqual) {
  const kettle what{"ann", false, 9, std::chrono::milliseconds(1500)};
  for (const auto how : {extent::all, extent::needed}) {
    const auto text = toml(printed(what, how));
    EXPECT_EQ(test::read(text.substr(text.find('\n'))).value, what) << text;
  }
}

TEST(Print, RemarksAreCommentsInTomlAndNothingInJson) {
  const printed_table table{{"a", "1", false}, {"b", "2", true}};
  EXPECT_EQ(toml(table), "[kettle]\na = 1\n# b = 2\n");
  std::string text;
  json_members(text, "").add_all(table);
  EXPECT_EQ(text, "{\n  \"a\": 1\n}");
}

TEST(Print, TablesAreApartAndObjectsIndented) {
  std::string text = "x = 1\n";
  append_toml(text, "[a]", {});
  EXPECT_EQ(text, "x = 1\n\n[a]\n");
  std::string json;
  {
    json_members outer(json, "");
    json_members(outer.add("none"), "  ");
    json_members(outer.add("one"), "  ").add_all({{"a", "1", false}});
  }
  EXPECT_EQ(json, "{\n  \"none\": {},\n  \"one\": {\n    \"a\": 1\n  }\n}");
}

TEST(Tell, SaysTimesWithTheirUnitAndTextsWithoutQuotesWhereTheyArePlain) {
  const struct {
    kettle what;
    std::vector<std::string> told;
  } rows[]{
      {{}, {"", "true", "1", "60s"}},
      {{"ann", false, 9, std::chrono::milliseconds(1500)}, {"ann", "false", "9", "1500ms"}},
      {{"ann b", true, 1, {}}, {"\"ann b\"", "true", "1", "0s"}},
      {{"a,b"}, {"\"a,b\"", "true", "1", "60s"}},
      {{"a\x1b[2J"}, {"\"a\\u001B[2J\"", "true", "1", "60s"}},
      {{"b\u00fcro"}, {"\"b\u00fcro\"", "true", "1", "60s"}},
      {{"a\"b"}, {"\"a\\\"b\"", "true", "1", "60s"}},
  };
  for (const auto& [what, told] : rows) {
    std::vector<std::string> made;
    for (const auto& row : kettle_keys()) made.push_back(row.tell(what));
    EXPECT_EQ(made, told);
  }
}

TEST(Tell, LeavesWhatHasNoQuotesOrNothingWithinThem) {
  for (const auto* each : {"", "1", "[\"a\"]", "\"\"", "\""}) EXPECT_EQ(unquoted(each), each);
  EXPECT_EQ(unquoted("\"a\""), "a");
}

}  // namespace
}  // namespace relay::document
