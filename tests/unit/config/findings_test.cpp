#include "unit/config/loading.hpp"

#include <tuple>

namespace relay::config {
namespace {

using test::brief;
using test::load;
using test::problems_of;

/// The one problem of a text, its place and its hint.
std::string only(const std::string& text) {
  const auto problems = problems_of(text);
  EXPECT_EQ(problems.size(), 1U) << text;
  return problems.empty() ? "" : brief({problems[0]}) + problems[0].hint;
}

TEST(Json, NamesCommonMistakes) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"{ // c\n}", "t:1:3: error: not valid JSON: JSON has no comments", "# begins a comment"},
      {"{\"a\": 1, /* c */ \"b\": 2}", "t:1:10: error: not valid JSON: JSON has no comments", ""},
      {"{\u201ca\u201d: 1}", "t:1:2: error: not valid JSON: there is a curly quote (U+201C)",
       "write the plain quote"},
      {"{\"a\"\uff1a 1}", "t:1:5: error: not valid JSON: there is a full-width colon (U+FF1A)",
       "write `:` instead"},
      {"{'a': 1}", "t:1:2: error: not valid JSON: JSON has no single quotes", "double quotes"},
      {"{\"a\": [1, ]}", "t:1:11: error: not valid JSON: there is a comma too many", "remove"},
      {"{\"a\": 1, }", "t:1:10: error: not valid JSON: there is a comma too many", "remove"},
      {"{\"a\": 127.0.0.1:60, \"b\": 1}",
       "t:1:7: error: not valid JSON: there is a text without quotes", "write \"127.0.0.1:60\""},
      {"{\"a\": [5s]}", "t:1:8: error: not valid JSON: there is a text without quotes",
       "write \"5s\""},
      {"{\"a\": 1\n \"b\": 2}", "t:1:7: error: not valid JSON: a comma is missing behind this",
       "add it"},
      {"{\"a\": {\"c\": 1}\n \"b\": 2}",
       "t:1:14: error: not valid JSON: a comma is missing behind this", "add it"},
      {"{\"a\": [{}\n {}]}", "t:1:9: error: not valid JSON: a comma is missing behind this",
       "add it"},
      {"{a: 1}", "t:1:2: error: not valid JSON: there is a word without quotes", "double quotes"},
      {"{\"a\": nope}", "t:1:7: error: not valid JSON: there is a word without quotes", ""},
  };
  for (const auto& [text, message, hint] : cases) {
    const auto said = only(text);
    EXPECT_TRUE(said.starts_with(message)) << said;
    EXPECT_NE(said.find(hint), std::string::npos) << said;
  }
}

TEST(Findings, AreKeptUpToANumberAndThenCounted) {
  std::string text = "endpoints = []\n[log]\nlevel = 1\n";
  for (int i = 0; i < 1000; ++i) text += "unknown" + std::to_string(i) + " = 1\n";
  const auto problems = problems_of(text);
  ASSERT_EQ(problems.size(), 52U);
  EXPECT_EQ(problems[0].where.to_string(), "t:3:9");
  EXPECT_EQ(render(problems.back()), "t: warning: and 950 more warnings\n");
  std::string list = "[[endpoints]]\nlisten = \":1\"\nremote = \"b:2\"\nextra_remotes = [";
  for (int i = 0; i < 1000; ++i) list += "1,";
  const auto wrong = problems_of(list + "]\n");
  ASSERT_EQ(wrong.size(), 51U);
  EXPECT_EQ(render(wrong.back()), "t: error: and 950 more errors\n");
}

TEST(Findings, DoNotRepeatWhatIsVeryLong) {
  const auto problems = load("endpoints = []\n" + std::string(100000, 'k') + " = 1\n").warnings;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_LT(render(problems[0]).size(), 1000U);
}

TEST(Size, IsBounded) {
  const std::string blanks(std::size_t{16} << 20, ' ');
  EXPECT_EQ(brief(problems_of("x" + blanks)),
            "t:1:1: error: this is larger than a configuration can be (16 MiB)\n");
}

TEST(Endpoints, MustBeAListOfTables) {
  EXPECT_NE(only("[endpoints]\nlisten = \":1\"\nremote = \"b:2\"\n").find("write `[[endpoints]]`"),
            std::string::npos);
  EXPECT_NE(only("{\"endpoints\":{\"listen\":\":1\"}}").find("put brackets around it"),
            std::string::npos);
}

TEST(UnknownKeys, AreCalledWhatTheyWereMeantToBe) {
  const auto advice = [](const std::string& lines) {
    const auto warnings = load(test::with_endpoint(lines)).warnings;
    EXPECT_EQ(warnings.size(), 1U) << lines;
    return warnings.empty() ? "" : warnings[0].hint;
  };
  EXPECT_EQ(advice("udp = true"), "did you mean `use_udp`, which belongs in `network`?");
  EXPECT_EQ(advice("[endpoints.network]\nudp = true"), "did you mean `use_udp`?");
  EXPECT_EQ(advice("use_upd = true"), "did you mean `use_udp`, which belongs in `network`?");
  EXPECT_EQ(advice("use_udp = true"), "it belongs in `network`");
  EXPECT_EQ(advice("upstream = \"b:1\""), "did you mean `remote`?");
  EXPECT_NE(advice("[endpoint.network]\nuse_udp = true\n").find("`[[endpoints]]`"),
            std::string::npos);
}

}  // namespace
}  // namespace relay::config
