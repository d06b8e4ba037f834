#include "unit/config/loading.hpp"

namespace relay::config {
namespace {

std::string shown(const std::string& text, std::size_t offset, const std::string& hint = "") {
  const auto from = std::make_shared<const source>(source{"a.toml", text});
  return render({problem::level::error, {from, offset}, "wrong", hint});
}

TEST(Render, ShowsTheLineAndTheColumn) {
  EXPECT_EQ(shown("one\ntwo = 3\nthree", 8, "try harder"),
            "a.toml:2:5: error: wrong\n"
            " 2 | two = 3\n"
            "   |     ^\n"
            "  hint: try harder\n");
}

TEST(Render, WorksAtBothEndsOfTheText) {
  EXPECT_EQ(shown("ab", 0), "a.toml:1:1: error: wrong\n 1 | ab\n   | ^\n");
  EXPECT_EQ(shown("ab", 2), "a.toml:1:3: error: wrong\n 1 | ab\n   |   ^\n");
  EXPECT_EQ(shown("ab\n", 3), "a.toml:2:1: error: wrong\n 2 | \n   | ^\n");
  EXPECT_EQ(shown("ab", 99), "a.toml:1:3: error: wrong\n 1 | ab\n   |   ^\n");
  EXPECT_EQ(shown("ab\r\ncd\r\n", 1), "a.toml:1:2: error: wrong\n 1 | ab\n   |  ^\n");
}

TEST(Render, PutsTheCaretBehindTabsAndWideCharacters) {
  EXPECT_EQ(shown("\ta\tb", 3), "a.toml:1:4: error: wrong\n 1 | \ta\tb\n   | \t \t^\n");
  EXPECT_EQ(shown("\u00e4\u00f6 = 1", 7),
            "a.toml:1:8: error: wrong\n 1 | \u00e4\u00f6 = 1\n   |      ^\n");
}

TEST(Render, CutsLongLinesAroundTheCaret) {
  const auto text = std::string(500, 'a') + "X" + std::string(500, 'b');
  EXPECT_EQ(shown(text, 500), "a.toml:1:501: error: wrong\n 1 | ..." + std::string(50, 'a') + "X" +
                                  std::string(49, 'b') + "...\n   | " + std::string(53, ' ') +
                                  "^\n");
  EXPECT_EQ(shown(std::string(200, 'a'), 0),
            "a.toml:1:1: error: wrong\n 1 | " + std::string(100, 'a') + "...\n   | ^\n");
  EXPECT_EQ(shown(std::string(200, 'a'), 200), "a.toml:1:201: error: wrong\n 1 | ..." +
                                                   std::string(50, 'a') + "\n   | " +
                                                   std::string(53, ' ') + "^\n");
}

TEST(Render, DisarmsControlCharacters) {
  EXPECT_EQ(shown("a\x1b[31mb", 0), "a.toml:1:1: error: wrong\n 1 | a?[31mb\n   | ^\n");
}

TEST(Render, NamesThePlaceWhenThereIsNoText) {
  const auto from = std::make_shared<const source>(source{"command line", ""});
  EXPECT_EQ(render({problem::level::warning, {from, 0}, "odd", "so what"}),
            "command line: warning: odd\n  hint: so what\n");
  EXPECT_EQ(render({problem::level::error, {}, "odd", ""}), "unknown place: error: odd\n");
}

TEST(ConfigError, RendersItsProblemsButNotAMillionOfThem) {
  const std::vector<problem> two(2, {problem::level::error, {}, "odd", ""});
  EXPECT_STREQ(config_error(two).what(), "unknown place: error: odd\nunknown place: error: odd");
  const config_error many(std::vector<problem>(1000, two[0]));
  EXPECT_EQ(many.problems().size(), 1000U);
  EXPECT_TRUE(std::string(many.what()).ends_with("\nand 898 more"));
}

}  // namespace
}  // namespace relay::config
