#include "unit/config/loading.hpp"

namespace relay::config {
namespace {

using test::brief;
using test::load;
using test::problems_of;

std::string legacy(const std::string& hosts, const std::string& ports,
                   const std::string& remote_hosts, const std::string& remote_ports) {
  return "{\"listening_addresses\": [" + hosts + "],\n\"listening_ports\": [" + ports +
         "],\n\"remote_addresses\": [" + remote_hosts + "],\n\"remote_ports\": [" + remote_ports +
         "]}";
}

/// `listen -> remote` of each rule, blank between them.
std::string rules(const std::string& text) {
  const auto made = load(text);
  EXPECT_TRUE(made.legacy);
  std::string all;
  for (const auto& each : made.value.endpoints) {
    all += each.listen.to_string() + "->" + each.remote.to_string() + ' ';
  }
  return all;
}

TEST(Legacy, PadsWithTheFirstEntryOfAList) {
  EXPECT_EQ(rules(legacy(R"("0.0.0.0", "127.0.0.1")", R"("10", "11", "12")", R"("a", "b")",
                         R"("1", "2")")),
            "0.0.0.0:10->a:1 127.0.0.1:11->b:2 0.0.0.0:12->a:1 ");
}

TEST(Legacy, ExpandsRangesUpToTheLastPort) {
  EXPECT_EQ(rules(legacy(R"("0.0.0.0")", R"("65534-65535", "7-5", "9")", R"("a")",
                         R"("80", "65535-65535")")),
            "0.0.0.0:65534->a:80 0.0.0.0:65535->a:65535 0.0.0.0:9->a:80 ");
  EXPECT_EQ(
      load(legacy(R"("0.0.0.0")", R"("64536-65535")", R"("a")", R"("80")")).value.endpoints.size(),
      1000U);
}

TEST(Legacy, CountsOnlyTheFirstTwoPartsOfARange) {
  EXPECT_EQ(rules(legacy(R"("0.0.0.0")", R"("1-2-9")", R"("a")", R"("80")")),
            "0.0.0.0:1->a:80 0.0.0.0:2->a:80 ");
}

TEST(Legacy, DropsWhatIsLeftOver) {
  EXPECT_EQ(rules(legacy(R"("0.0.0.0", "1.1.1.1")", R"("1")", R"("a", "b")", R"("80-90")")),
            "0.0.0.0:1->a:80 ");
}

TEST(Legacy, NeedsBracketsAroundIPv6) {
  EXPECT_EQ(rules(legacy(R"("[::]")", R"("1")", R"("[::1]")", R"("80")")), "[::]:1->[::1]:80 ");
}

TEST(Legacy, TellsWhatIsWrongAndWhere) {
  EXPECT_EQ(brief(problems_of(legacy(R"("0.0.0.0")", R"("1", "x", "70000", 5)", "", R"("80")"))),
            "t:2:26: error: `listening_ports`: `x` is neither a port nor a range such as "
            "\"1000-1999\"\n"
            "t:2:31: error: `listening_ports`: `70000` is neither a port nor a range such as "
            "\"1000-1999\"\n"
            "t:2:40: error: `listening_ports` takes a text in each place, not a whole number\n"
            "t:3:21: error: `remote_addresses`: the list is empty\n");
  EXPECT_EQ(brief(problems_of(R"({"listening_addresses": ["a b"], "remote_ports": "1", "dns": 1,
"listening_ports": ["1"], "remote_addresses": ["a"]})")),
            "t:1:50: error: `remote_ports` takes a list of texts, not a text\n"
            "t:1:55: warning: unknown key `dns` in a realm 1.x file\n");
  EXPECT_EQ(brief(problems_of(legacy(R"("a b")", R"("1-5")", R"("a")", R"("80")"))).substr(0, 30),
            "t:1:26: error: `listening_addr");
  EXPECT_EQ(brief(problems_of(R"({"remote_ports": ["1"]})")),
            "t:1:1: error: a realm 1.x file needs `listening_addresses`\n"
            "t:1:1: error: a realm 1.x file needs `listening_ports`\n"
            "t:1:1: error: a realm 1.x file needs `remote_addresses`\n");
}

TEST(Legacy, DoesNotFillTheMemory) {
  std::string ports = "\"0-65535\"";
  for (int at = 0; at < 5000; ++at) ports += ",\"0-65535\"";
  EXPECT_THROW(load(legacy(R"("0.0.0.0")", ports, R"("a")", R"("80")")), config_error);
}

TEST(Legacy, IsNotMistakenForTheSchemaOfToday) {
  const auto made = load(R"({"endpoints": [], "remote_ports": []})");
  EXPECT_FALSE(made.legacy);
  EXPECT_EQ(made.warnings.size(), 1U);
}

TEST(Convert, WritesTheEndpointsOfToday) {
  const auto old = legacy(R"("0.0.0.0")", R"("1-2")", R"("a", "[::1]")", R"("80")");
  EXPECT_EQ(convert_legacy("old.json", old, convert_format::toml),
            "[[endpoints]]\nlisten = \"0.0.0.0:1\"\nremote = \"a:80\"\n\n"
            "[[endpoints]]\nlisten = \"0.0.0.0:2\"\nremote = \"[::1]:80\"\n");
  EXPECT_EQ(convert_legacy("old.json", old, convert_format::json),
            R"({"endpoints":[{"listen":"0.0.0.0:1","remote":"a:80"},)"
            R"({"listen":"0.0.0.0:2","remote":"[::1]:80"}]})");
}

TEST(Convert, LoadsAgainToTheSameEndpoints) {
  const auto old =
      legacy(R"("0.0.0.0", "[::1]", "*")", R"("1-20")", R"("a", "1.2.3.4")", R"("80")");
  const auto before = load(old);
  for (const auto format : {convert_format::toml, convert_format::json}) {
    const auto after = load(convert_legacy("old.json", old, format));
    EXPECT_EQ(before.value, after.value);
    EXPECT_FALSE(after.legacy);
  }
}

TEST(Convert, TakesNothingElse) {
  for (const auto* text : {"", "{}", "[[endpoints]]", "{\"endpoints\": []}", "[1]", "3"}) {
    EXPECT_THROW(convert_legacy("x", text, convert_format::toml), config_error) << text;
  }
}

}  // namespace
}  // namespace relay::config
