#include "unit/config/loading.hpp"

#include <sstream>

namespace relay::config {
namespace {

/// The characters of a line of UTF-8, each as its own text.
std::vector<std::string> characters(const std::string& line) {
  std::vector<std::string> made;
  for (const char c : line) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) made.emplace_back();
    if (!made.empty()) made.back() += c;
  }
  return made;
}

struct excerpt {
  std::string line;
  std::string caret;
};

excerpt rendered(const std::string& text, std::size_t offset) {
  const auto from = std::make_shared<const source>(source{"a", text});
  std::istringstream lines(render({problem::level::error, {from, offset}, "m", ""}));
  excerpt made;
  std::getline(lines, made.line);  // the message
  std::getline(lines, made.line);
  std::getline(lines, made.caret);
  return made;
}

/// The character that stands above the caret; also checks that tabs stand above tabs.
std::string above_the_caret(const std::string& text, std::size_t offset) {
  const auto shown = rendered(text, offset);
  const auto line = characters(shown.line);
  const auto column = shown.caret.size() - 1;
  EXPECT_EQ(shown.caret.back(), '^') << text;
  for (std::size_t at = shown.caret.find('|') + 2; at < column && at < line.size(); ++at) {
    EXPECT_EQ(shown.caret[at] == '\t', line[at] == "\t") << shown.line << '\n' << shown.caret;
  }
  return column < line.size() ? line[column] : "";
}

TEST(RenderTable, PutsTheCaretBelowTheCharacterWhateverStandsAround) {
  const std::vector<std::string> fillers{"",
                                         "a",
                                         "\t",
                                         " \t ",
                                         "\u00e4",
                                         "\u20ac\U0001f600",
                                         "\t\u00e4\t",
                                         std::string(49, 'a'),
                                         std::string(50, 'b'),
                                         std::string(51, 'c'),
                                         std::string(99, 'd'),
                                         std::string(100, 'e'),
                                         std::string(300, '\t')};
  std::string wide;
  for (int at = 0; at < 90; ++at) wide += "\u20ac";
  for (const auto& before : fillers) {
    for (const auto& after : fillers) {
      for (const auto& line : {before + "X" + after, wide + before + "X" + after + wide}) {
        for (const auto& text : {line, "first\n" + line + "\nlast", "\n\r\n" + line + "\r\nx"}) {
          EXPECT_EQ(above_the_caret(text, text.find('X')), "X") << text;
        }
      }
    }
  }
}

TEST(RenderTable, NeverCutsACharacterInTwo) {
  for (const std::string character : {"\u00e4", "\u20ac", "\U0001f600"}) {
    std::string text;
    for (int at = 0; at < 100; ++at) text += character;
    for (std::size_t offset = 0; offset < text.size(); offset += character.size()) {
      for (const auto& each : characters(rendered(text, offset).line)) {
        EXPECT_TRUE(each.size() == 1 || each == character) << "cut at " << offset;
      }
      EXPECT_EQ(above_the_caret(text, offset), character) << offset;
    }
  }
}

TEST(RenderTable, ShowsALineOfAboutTheWidthOfATerminal) {
  const std::string text(5000, 'x');
  for (const std::size_t offset : {0U, 1U, 50U, 51U, 100U, 101U, 2500U, 4950U, 4999U, 5000U}) {
    EXPECT_LE(rendered(text, offset).line.size(), 5 + 3 + 100 + 3U) << offset;
  }
  EXPECT_EQ(rendered(std::string(100, 'x'), 60).line, " 1 | " + std::string(100, 'x'));
}

TEST(RenderTable, AlignsTheCaretWithLongLineNumbers) {
  for (const int lines : {0, 8, 9, 98, 99, 998, 999, 9999}) {
    const auto text = std::string(static_cast<std::size_t>(lines), '\n') + "abXcd";
    const auto shown = rendered(text, text.size() - 3);
    EXPECT_EQ(shown.line, ' ' + std::to_string(lines + 1) + " | abXcd");
    EXPECT_EQ(shown.line.find('X'), shown.caret.find('^'));
    EXPECT_EQ(shown.line.find('|'), shown.caret.find('|'));
  }
}

TEST(RenderTable, CountsColumnsInBytes) {
  const auto from = std::make_shared<const source>(source{"a", "x\n\u00e4\u00f6=1\n"});
  EXPECT_EQ((origin{from, 0}.to_string()), "a:1:1");
  EXPECT_EQ((origin{from, 2}.to_string()), "a:2:1");
  EXPECT_EQ((origin{from, 6}.to_string()), "a:2:5");
  EXPECT_EQ((origin{from, 9}.to_string()), "a:3:1");
  EXPECT_EQ((origin{from, 999}.to_string()), "a:3:1");
}

TEST(RenderTable, DisarmsMessagesHintsAndNamesAsWell) {
  const auto from = std::make_shared<const source>(source{"\x1b]0;a", ""});
  EXPECT_EQ(render({problem::level::error, {from, 0}, "b\x1b[2J\n", "c\x7f\r"}),
            "?]0;a: error: b?[2J?\n  hint: c??\n");
}

TEST(RenderTable, FillsTheTextOfTheException) {
  std::vector<problem> shown(102, {problem::level::warning, {}, "odd", "hint"});
  EXPECT_EQ(std::string(config_error(shown).what()).find("more"), std::string::npos);
  shown.push_back(shown[0]);
  EXPECT_TRUE(std::string(config_error(shown).what()).ends_with("  hint: hint\nand 1 more"));
}

}  // namespace
}  // namespace relay::config
