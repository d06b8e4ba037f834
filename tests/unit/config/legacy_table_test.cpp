#include "unit/config/loading.hpp"

namespace relay::config {
namespace {

using test::brief;
using texts = std::vector<std::string>;

std::string list(const texts& items) {
  std::string made = "[";
  for (const auto& each : items) made += (made.size() > 1 ? ",\"" : "\"") + each + '"';
  return made + ']';
}

/// A file of realm 1.x.
struct old_file {
  texts hosts, ports, remote_hosts, remote_ports;

  std::string text() const {
    return "{\"listening_addresses\":" + list(hosts) + ",\"listening_ports\":" + list(ports) +
           ",\"remote_addresses\":" + list(remote_hosts) +
           ",\"remote_ports\":" + list(remote_ports) + "}";
  }
};

struct row {
  old_file file;
  std::string rules;  ///< `listen>remote`, blanks between
};

const std::vector<row> good_rows{
    {{{"h"}, {"1"}, {"r"}, {"2"}}, "h:1>r:2"},
    // padding: always with the first element
    {{{"h", "i"}, {"1-4"}, {"r"}, {"9"}}, "h:1>r:9 i:2>r:9 h:3>r:9 h:4>r:9"},
    {{{"h"}, {"1-4"}, {"r", "s", "t"}, {"9"}}, "h:1>r:9 h:2>s:9 h:3>t:9 h:4>r:9"},
    {{{"h"}, {"1-3"}, {"r"}, {"8", "9"}}, "h:1>r:8 h:2>r:9 h:3>r:8"},
    {{{"h", "i"}, {"1-3"}, {"r", "s"}, {"7", "8"}}, "h:1>r:7 i:2>s:8 h:3>r:7"},
    // what is left over is dropped
    {{{"h", "i", "j"}, {"1"}, {"r", "s"}, {"7-9"}}, "h:1>r:7"},
    // ranges
    {{{"h"}, {"1-2", "5", "8-8"}, {"r"}, {"9"}}, "h:1>r:9 h:2>r:9 h:5>r:9 h:8>r:9"},
    {{{"h"}, {"1-3"}, {"r"}, {"7-9"}}, "h:1>r:7 h:2>r:8 h:3>r:9"},
    {{{"h"}, {"65533-65535"}, {"r"}, {"65535"}}, "h:65533>r:65535 h:65534>r:65535 h:65535>r:65535"},
    {{{"h"}, {"65535"}, {"r"}, {"65535-65535"}}, "h:65535>r:65535"},
    {{{"h"}, {"3-1", "7"}, {"r"}, {"9"}}, "h:7>r:9"},
    {{{"h"}, {"1"}, {"r"}, {"3-1", "7"}}, "h:1>r:7"},
    {{{"h"}, {"1-2-x"}, {"r"}, {"9"}}, "h:1>r:9 h:2>r:9"},
    {{{"h"}, {"0"}, {"r"}, {"9"}}, "h:0>r:9"},
    // addresses are joined with a colon as they are
    {{{"[::]", "0.0.0.0"}, {"1-2"}, {"[::1]"}, {"9"}}, "[::]:1>[::1]:9 0.0.0.0:2>[::1]:9"},
    {{{"h"}, {"1"}, {"::1"}, {"9"}}, "h:1>[::1]:9"},
};

TEST(LegacyTable, MakesTheRulesOfTheReference) {  // spec 2.6
  for (const auto& each : good_rows) {
    const auto made = test::load(each.file.text());
    std::string rules;
    for (const auto& rule : made.value.endpoints) {
      rules += (rules.empty() ? "" : " ") + rule.listen.to_string() + '>' + rule.remote.to_string();
      EXPECT_EQ(rule.network, network{});
    }
    EXPECT_EQ(rules, each.rules) << each.file.text();
    EXPECT_TRUE(made.legacy);
    EXPECT_EQ(made.value.log, config::log{});
    EXPECT_EQ(made.value.dns, config::dns{});
  }
}

TEST(LegacyTable, RefusesWhatMakesNoRules) {
  const std::pair<old_file, const char*> cases[]{
      {{{}, {"1"}, {"r"}, {"2"}}, "t:1:24: error: `listening_addresses`: the list is empty\n"},
      {{{"h"}, {}, {"r"}, {"2"}}, "t:1:48: error: `listening_ports`: the list is empty\n"},
      {{{"h"}, {"1"}, {}, {"2"}}, "t:1:73: error: `remote_addresses`: the list is empty\n"},
      {{{"h"}, {"1"}, {"r"}, {}}, "t:1:94: error: `remote_ports`: the list is empty\n"},
      {{{"h"}, {"3-1"}, {"r"}, {"2"}}, "t:1:48: error: `listening_ports`: the list is empty\n"},
      {{{"h"}, {"1"}, {"r"}, {"0"}},
       "t:1:95: error: `remote_ports`: nobody can be reached at port 0; write 1 to 65535\n"},
  };
  for (const auto& [file, expected] : cases) {
    EXPECT_EQ(brief(test::problems_of(file.text())), expected) << file.text();
  }
  for (const auto* port : {"", "x", "1x", "-1", "+1", " 1", "1 ", "1-", "-", "65536", "1-65536",
                           "1.5", "99999999999999999999", "1,2", "0x1"}) {
    const auto problems = test::problems_of(old_file{{"h"}, {port}, {"r"}, {"2"}}.text());
    ASSERT_EQ(problems.size(), 1U) << port;
    EXPECT_EQ(problems[0].message, "`listening_ports`: `" + std::string(port) +
                                       "` is neither a port nor a range such as \"1000-1999\"");
    EXPECT_EQ(problems[0].where.to_string(), "t:1:49");
  }
}

TEST(LegacyTable, LimitsTheNumberOfRules) {
  const auto count = [](const texts& ports) {
    return test::load(old_file{{"h"}, ports, {"r"}, {"2"}}.text()).value.endpoints.size();
  };
  EXPECT_EQ(count({"1-2000"}), 2000U);
  EXPECT_THROW(count({"0-65535", "0-65535"}), config_error);
}

TEST(ConvertTable, WritesExactBytes) {  // spec 1.9
  for (const auto& each : good_rows) {
    std::string toml, json;
    for (const auto& rule : test::load(each.file.text()).value.endpoints) {
      const auto listen = '"' + rule.listen.to_string() + '"';
      const auto remote = '"' + rule.remote.to_string() + '"';
      toml += toml.empty() ? "" : "\n";
      toml += "[[endpoints]]\nlisten = " + listen + "\nremote = " + remote + "\n";
      json += json.empty() ? "" : ",";
      json += "{\"listen\":" + listen + ",\"remote\":" + remote + "}";
    }
    EXPECT_EQ(convert_legacy("x", each.file.text(), convert_format::toml), toml);
    EXPECT_EQ(convert_legacy("x", each.file.text(), convert_format::json),
              "{\"endpoints\":[" + json + "]}");
  }
  EXPECT_EQ(convert_legacy("x", old_file{{"h"}, {"1"}, {"r"}, {"2"}}.text(), convert_format::json),
            R"({"endpoints":[{"listen":"h:1","remote":"r:2"}]})");
}

TEST(ConvertTable, NamesTheFileInItsProblems) {
  try {
    convert_legacy("old.json", old_file{{"h"}, {"x"}, {"r"}, {"2"}}.text(), convert_format::toml);
    FAIL();
  } catch (const config_error& failure) {
    EXPECT_TRUE(std::string(failure.what()).starts_with("old.json:1:49: error: "))
        << failure.what();
  }
}

}  // namespace
}  // namespace relay::config
