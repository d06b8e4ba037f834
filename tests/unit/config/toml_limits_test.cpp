// What toml11 could not read in a bounded time is refused before it looks, and nothing else is.
#include "document/toml_guard.hpp"
#include "unit/config/loading.hpp"

#include <algorithm>

namespace relay::config {
namespace {

using test::brief;
using test::problems_of;

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int at = 0; at < times; ++at) text += part;
  return text;
}

/// At which line the text is refused for that reason; 0 when it is not.
std::ptrdiff_t refused_at(const std::string& text, const std::string& why) {
  const auto refused = document::refuse_toml(text);
  if (!refused || refused->message.find(why) == std::string_view::npos) return 0;
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(refused->offset);
  return std::count(text.begin(), end, '\n') + 1;
}

constexpr auto dense = "too many values in long lines";
constexpr auto many = "more values than a configuration can have";

TEST(TomlLimits, ManyValuesInALongLineAreRefused) {
  EXPECT_EQ(refused_at("a = [" + repeated("1,", 200'000) + "]\n", dense), 1);
  EXPECT_EQ(refused_at("\na = {" + repeated("b=1,", 20'000) + "c=1}\n", dense), 2);
  EXPECT_EQ(refused_at("a = [\n" + repeated("'x',", 200'000) + "\n]\n", dense), 2);
}

TEST(TomlLimits, ARefusalIsTheOnlyProblemOfItsText) {
  const auto problems = problems_of("b = 1\na = [" + repeated("1,", 200'000) + "]\n");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_TRUE(brief(problems).starts_with("t:2:")) << brief(problems);
  EXPECT_EQ(problems[0].message, "there are too many values in long lines");
  EXPECT_EQ(problems[0].hint, "put each value into a line of its own");
}

TEST(TomlLimits, WhatStandsAboveALineCountsWhereItIsLookedAt) {
  const auto comments = repeated("# of some length, to be looked at\n", 30'000);
  EXPECT_EQ(refused_at("a = [\n" + comments + repeated("1,", 2'500) + "\n]\n", dense), 30'002);
  EXPECT_EQ(refused_at(comments + "\n" + repeated("a = 1\n", 100), dense), 0);
  const auto text = "a = ['" + std::string(1'000'000, 'x') + "',\n";
  EXPECT_EQ(refused_at(text + repeated("1,", 2'000) + "\n]\n", dense), 2);
}

TEST(TomlLimits, ManyValuesInManyLinesAreRefused) {
  EXPECT_NE(refused_at(repeated("a = 1\n", 200'000), many), 0);
  EXPECT_NE(refused_at(repeated("[[a]]\n", 200'000), many), 0);
  EXPECT_NE(refused_at(repeated("  [a]\n", 200'000), many), 0) << "blanks before it";
  EXPECT_NE(refused_at("a = [\n" + repeated("1,\n", 300'000) + "]\n", many), 0);
}

TEST(TomlLimits, WhatIsInStringsAndCommentsIsNoValue) {
  EXPECT_EQ(refused_at("a = '" + repeated("1,", 200'000) + "'\n", dense), 0);
  EXPECT_EQ(refused_at("a = '''\n" + repeated("a = 1\n", 200'000) + "'''\n", many), 0);
  EXPECT_EQ(refused_at(repeated("# a = [1, 2, 3]\n", 200'000), many), 0);
  EXPECT_EQ(refused_at("# " + repeated("1,", 1'000'000) + "\na = 1\n", dense), 0);
}

TEST(TomlLimits, WhatPeopleWriteIsTaken) {
  EXPECT_EQ(refused_at("a = [" + repeated("'192.0.2.1:65535', ", 4'000) + "]\n", dense), 0);
  EXPECT_EQ(refused_at("a = [\n" + repeated("  '192.0.2.1:65535',\n", 20'000) + "]\n", many), 0);
  EXPECT_EQ(refused_at(repeated("[[a]]\nb = 1\nc = 'd'\n", 2'000), many), 0);
}

}  // namespace
}  // namespace relay::config
