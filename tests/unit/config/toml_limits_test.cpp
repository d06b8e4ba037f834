// What toml11 could not read in a bounded time is refused before it looks, and nothing else is.
#include "unit/config/loading.hpp"

namespace relay::config {
namespace {

using test::brief;
using test::problems_of;

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int at = 0; at < times; ++at) text += part;
  return text;
}

/// Whether the text is refused for its size, at which line; 0 when it is not.
unsigned refused_at(const std::string& text, const std::string& why) {
  const auto problems = problems_of(text);
  for (const auto& each : problems) {
    if (each.message.find(why) == std::string::npos) continue;
    EXPECT_EQ(problems.size(), 1U) << "it is the only problem of its text";
    const auto said = brief({each});  // t:LINE:COLUMN: ...
    return static_cast<unsigned>(std::stoul(said.substr(2)));
  }
  return 0;
}

constexpr auto dense = "too many values in long lines";
constexpr auto many = "more values than a configuration can have";

TEST(TomlLimits, ManyValuesInALongLineAreRefused) {
  EXPECT_EQ(refused_at("a = [" + repeated("1,", 200'000) + "]\n", dense), 1U);
  EXPECT_EQ(refused_at("\na = {" + repeated("b=1,", 20'000) + "c=1}\n", dense), 2U);
  EXPECT_EQ(refused_at("a = [\n" + repeated("'x',", 200'000) + "\n]\n", dense), 2U);
}

TEST(TomlLimits, WhatStandsAboveALineCountsWhereItIsLookedAt) {
  const auto comments = repeated("# of some length, to be looked at\n", 30'000);
  EXPECT_EQ(refused_at("a = [\n" + comments + repeated("1,", 2'500) + "\n]\n", dense), 30'002U);
  EXPECT_EQ(refused_at(comments + "\n" + repeated("a = 1\n", 100), dense), 0U);
  const auto text = "a = ['" + std::string(1'000'000, 'x') + "',\n";
  EXPECT_EQ(refused_at(text + repeated("1,", 2'000) + "\n]\n", dense), 2U);
}

TEST(TomlLimits, ManyValuesInManyLinesAreRefused) {
  EXPECT_NE(refused_at(repeated("a = 1\n", 200'000), many), 0U);
  EXPECT_NE(refused_at(repeated("[[a]]\n", 200'000), many), 0U);
  EXPECT_NE(refused_at(repeated("  [a]\n", 200'000), many), 0U) << "blanks before it";
  EXPECT_NE(refused_at("a = [\n" + repeated("1,\n", 300'000) + "]\n", many), 0U);
}

TEST(TomlLimits, WhatIsInStringsAndCommentsIsNoValue) {
  EXPECT_EQ(refused_at("a = '" + repeated("1,", 200'000) + "'\n", dense), 0U);
  EXPECT_EQ(refused_at("a = '''\n" + repeated("a = 1\n", 200'000) + "'''\n", many), 0U);
  EXPECT_EQ(refused_at(repeated("# a = [1, 2, 3]\n", 200'000), many), 0U);
  EXPECT_EQ(refused_at("# " + repeated("1,", 1'000'000) + "\na = 1\n", dense), 0U);
}

TEST(TomlLimits, WhatPeopleWriteIsTaken) {
  EXPECT_EQ(refused_at("a = [" + repeated("'192.0.2.1:65535', ", 4'000) + "]\n", dense), 0U);
  EXPECT_EQ(refused_at("a = [\n" + repeated("  '192.0.2.1:65535',\n", 20'000) + "]\n", many), 0U);
  EXPECT_EQ(refused_at(repeated("[[a]]\nb = 1\nc = 'd'\n", 2'000), many), 0U);
}

}  // namespace
}  // namespace relay::config
