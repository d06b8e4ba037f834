#include "document/toml_mistakes.hpp"

#include "unit/config/loading.hpp"

namespace relay::config {
namespace {

using test::problems_of;
using test::with_endpoint;

struct row {
  std::string line;
  std::size_t column;  ///< where the caret stands
  std::string message;
  std::string hint;
};

// Each is loaded as a whole text, so that what toml11 says of the place is part of the test.
const std::vector<row> rows{
    {"balance = roundrobin: 4, 2", 11, "`roundrobin: 4, 2` is a text without quotes",
     "texts need quotes: write `balance = \"roundrobin: 4, 2\"`"},
    {"through = 10.0.0.1:0", 11, "`10.0.0.1:0` is a text without quotes",
     "texts need quotes: write `through = \"10.0.0.1:0\"`"},
    {"  interface = eth0   # the outer one", 15, "`eth0` is a text without quotes",
     "texts need quotes: write `interface = \"eth0\"`"},
    {"remote_transport = tls;sni=a", 20, "`tls;sni=a` is a text without quotes",
     "texts need quotes: write `remote_transport = \"tls;sni=a\"`"},
    {"network.tcp_timeout = 5s", 23, "`5s` is a text without quotes",
     "texts need quotes: write `network.tcp_timeout = \"5s\"`"},
    {"network.use_udp = yes", 19, "`yes` is no value of TOML", "write `network.use_udp = true`"},
    {"network.no_tcp = False", 18, "`False` is no value of TOML", "write `network.no_tcp = false`"},
    {"extra_remotes = [b:1, \"c:2\"]", 18, "`b:1` is a text without quotes",
     "texts need quotes: write `\"b:1\"`"},
    {"extra_remotes = [\"b:1\", 10.0.0.1:2]", 25, "`10.0.0.1:2` is a text without quotes",
     "texts need quotes: write `\"10.0.0.1:2\"`"},
    {"interface = \"eth0", 13, "this text has no quote at its end",
     "add \" behind it, in the same line"},
    {"interface = a\\b", 13, "`a\\b` is a text without quotes", "texts need quotes"},
};

TEST(TomlMistakes, AreToldWithWhatToWrite) {
  for (const auto& each : rows) {
    const auto problems = problems_of(with_endpoint(each.line + "\n"));
    ASSERT_EQ(problems.size(), 1U) << each.line;
    EXPECT_EQ(problems[0].where.to_string(), "t:4:" + std::to_string(each.column)) << each.line;
    EXPECT_EQ(problems[0].message, each.message);
    EXPECT_EQ(problems[0].hint, each.hint) << each.line;
  }
}

TEST(TomlMistakes, AHeaderThatLacksABracket) {
  const std::vector<std::pair<std::string, std::string>> headers{{"[[endpoints]", "[[endpoints]]"},
                                                                 {"[endpoints]]", "[[endpoints]]"},
                                                                 {"[[endpoints", "[[endpoints]]"},
                                                                 {"[log", "[log]"}};
  for (const auto& [wrong, right] : headers) {
    const auto problems = problems_of(wrong + "\nlisten = \"127.0.0.1:1\"\n");
    ASSERT_EQ(problems.size(), 1U) << wrong;
    EXPECT_EQ(problems[0].where.to_string(), "t:1:1") << wrong;
    EXPECT_EQ(problems[0].message, '`' + wrong + "` has not as many brackets behind as in front");
    EXPECT_EQ(problems[0].hint, "write `" + right + '`');
  }
}

TEST(TomlMistakes, AKeyThatIsGivenTwice) {
  const auto problems = problems_of(with_endpoint("# more\nlisten = \"127.0.0.1:2\"\n"));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].where.to_string(), "t:5:1");
  EXPECT_EQ(problems[0].message, "`listen` is given twice in this table");
  EXPECT_EQ(problems[0].hint, "remove one of them; the other one stands in line 2");
}

TEST(TomlMistakes, ASecondTableOfEndpoints) {
  const std::string one = "[endpoints]\nlisten = \"127.0.0.1:1\"\nremote = \"b:2\"\n";
  const auto problems = problems_of(one + one);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].where.to_string(), "t:4:1");
  EXPECT_EQ(problems[0].message, "`[endpoints]` is one table, and there is one already");
  EXPECT_EQ(problems[0].hint, "write `[[endpoints]]`, with two brackets, for each of several");
}

// The parser complains at the second of them, which may be the right one.
TEST(TomlMistakes, OneTableAmongSeveralIsTheOneToMend) {
  const std::string keys = "listen = \"127.0.0.1:1\"\nremote = \"b:2\"\n";
  const auto one = " [endpoints] # the odd one\n" + keys;
  const auto more = "[[endpoints]]\n" + keys;
  for (const auto& [text, line] : {std::pair(one + more + more, 1), std::pair(more + one, 4),
                                   std::pair(more + one + more, 4)}) {
    const auto problems = problems_of(text);
    ASSERT_EQ(problems.size(), 1U) << text;
    EXPECT_EQ(problems[0].where.to_string(), "t:" + std::to_string(line) + ":2") << text;
    EXPECT_EQ(problems[0].message,
              "`[endpoints]` is one table, and other lines say `[[endpoints]]`");
    EXPECT_EQ(problems[0].hint, "write `[[endpoints]]`, with two brackets, here as well");
  }
}

TEST(TomlMistakes, OthersKeepTheWordsOfTheParser) {
  for (const std::string line : {"balance", "balance =", "= 3", "a = {b = c}", "x = [1, ]]",
                                 "a.b.c.", "[a b]", "# [a b]\n[a b]"}) {
    const auto problems = problems_of(with_endpoint(line + "\n"));
    ASSERT_FALSE(problems.empty()) << line;
    EXPECT_TRUE(problems[0].message.starts_with("not valid TOML: ")) << problems[0].message;
  }
}

TEST(TomlMistakes, AnyPlaceInAnyTextIsSafe) {
  for (const std::string text :
       {"", "\n", "=", "a=", "a=[", "a=[b", "[endpoints]", "\"", "a=\"", "a = b\r\n", "a = [,]"}) {
    for (std::size_t at = 0; at <= text.size() + 2; ++at)
      (void)document::find_toml_mistake(text, at);
  }
  EXPECT_EQ(document::find_toml_mistake("a = b", 0)->offset, 4U) << "wherever in the line";
  const std::string huge(100'000, 'x');
  EXPECT_LT(document::find_toml_mistake("a = " + huge, 0)->message.size(), 200U);
}

}  // namespace
}  // namespace relay::config
