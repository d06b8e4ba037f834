#include "unit/config/loading.hpp"

#include <algorithm>

namespace relay::config {
namespace {

using test::brief;
using test::load;

/// `2:3 5:1`: the places of the warnings about a text.
std::string places(const std::string& text) {
  std::string all;
  for (const auto& each : load(text).warnings) {
    all += (all.empty() ? "" : " ") + each.where.to_string().substr(2);
  }
  return all;
}

/// A JSON text of one endpoint with these members.
std::string json(const std::string& members) {
  return "{\"endpoints\":[{\"listen\":\":1\",\"remote\":\"b:2\",\n" + members + "}]}";
}

TEST(TomlPositions, PointAtTheKeyOfAValue) {
  EXPECT_EQ(places("endpoints = []\nzz = 1\n"), "2:1");
  EXPECT_EQ(places("endpoints = []\n  zz\t =\t1\n"), "2:3");
  EXPECT_EQ(places("endpoints = []\n\"zz\" = 1\n'yy' = 2\n"), "2:1 3:1");
  EXPECT_EQ(places("endpoints = []\n\"z z\" = [\n1]\n"), "2:1");
  EXPECT_EQ(places("endpoints = []\r\nzz = 1\r\n"), "2:1");
  EXPECT_EQ(places("zz = \"\"\"\n[log]\n\"\"\"\nendpoints = []\n"), "1:1");
}

TEST(TomlPositions, PointAtTheKeyInAHeader) {
  EXPECT_EQ(places("endpoints = []\n[zz]\na = 1\n"), "2:2");
  EXPECT_EQ(places("endpoints = []\n[ zz ]\na = 1\n"), "2:3");
  EXPECT_EQ(places("endpoints = []\n[[zz]]\n[[zz]]\n"), "2:3");
  EXPECT_EQ(places(test::with_endpoint("[endpoints.zz]\na = 1\n")), "4:12");
  EXPECT_EQ(places(test::with_endpoint("[endpoints.network.zz]\n")), "4:20");
}

TEST(TomlPositions, PointAtTheKeyInInlineAndDottedTables) {
  EXPECT_EQ(places("endpoints = []\nlog = {zz = 1, level = \"off\"}\n"), "2:8");
  EXPECT_EQ(places("endpoints = []\nlog.zz = 1\n"), "2:5");
  EXPECT_EQ(places("endpoints = [{listen = \":1\", remote = \"b:2\", zz = 1}]\n"), "1:46");
}

TEST(TomlPositions, AreThoseOfTheTextWithoutAByteOrderMark) {
  EXPECT_EQ(places("\xef\xbb\xbfzz = 1\nendpoints = []\n"), "1:1");
}

TEST(JsonPositions, PointAtTheKey) {
  EXPECT_EQ(places(json("\"zz\":1")), "2:1");
  EXPECT_EQ(places(json("  \"zz\" : 1 ,\n\t\"yy\":null")), "2:3 3:2");
  EXPECT_EQ(places(json(R"("z\"\\":"a\"b","yy":[1,{"a":"}"},-2.5e3,true],"xx":0)")),
            "2:1 2:16 2:47");
  EXPECT_EQ(places(json(R"("\u00e9":"\u00e9","yy":{},"xx":[])")), "2:1 2:19 2:27");
}

TEST(JsonPositions, PointAtTheValue) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("network":{"use_udp":17})", "t:2:22"},
      {R"("network":{ "use_udp" : "yes" })", "t:2:25"},
      {R"("network":{"trusted_proxies":["::1", "x"]})", "t:2:38"},
      {R"("a":[[],{}],"extra_remotes":[ "a:1" , -1])", "t:2:39"},
      {R"("a":"]}","balance":{"b":[]})", "t:2:20"},
  };
  for (const auto& [members, place] : cases) {
    const auto problems = test::problems_of(json(members));
    const auto error = std::ranges::find(problems, problem::level::error, &problem::severity);
    ASSERT_NE(error, problems.end()) << members;
    EXPECT_EQ(error->where.to_string(), place) << members;
  }
}

TEST(Values, AreTheSameWhicheverWayTheyAreWritten) {
  const auto timeout = [](const std::string& written) {
    return load(test::with_endpoint("network.tcp_timeout = " + written))
        .value.endpoints.at(0)
        .network.tcp_timeout.count();
  };
  for (const auto* written : {"90", "\"90s\"", "\"90\"", "\"90000ms\"", "0x5a", "9_0", "+90"}) {
    EXPECT_EQ(timeout(written), 90'000) << written;
  }
  EXPECT_EQ(timeout("\"2m\""), 120'000);
  const auto rate = [](const std::string& written) {
    return load(test::with_endpoint("network.byte_rate = " + written))
        .value.endpoints.at(0)
        .network.byte_rate;
  };
  for (const auto* written : {"1000000", "\"8Mbit/s\"", "\"1MB/s\"", "\"1000KB/s\""}) {
    EXPECT_EQ(rate(written), 1'000'000U) << written;
  }
}

TEST(Values, KeepTextsAsTheyAre) {
  const auto interface = [](const std::string& written) {
    return load(test::with_endpoint("interface = " + written)).value.endpoints.at(0).interface;
  };
  EXPECT_EQ(interface("\"\""), "");
  EXPECT_EQ(interface("'a\\b'"), "a\\b");
  EXPECT_EQ(interface("\"a\\tb\""), "a\tb");
  EXPECT_EQ(interface("\"\u00e4\""), "\u00e4");
  EXPECT_EQ(brief(test::problems_of(test::with_endpoint("interface = \"a\\u0000b\""))),
            "t:4:13: error: `interface`: there is a zero byte in the text\n");
}

TEST(Values, OfWordsAreSpelledExactly) {
  for (const auto* bad : {"OFF", " off", "off ", "", "none"}) {
    EXPECT_THROW(load(std::string("endpoints = []\n[log]\nlevel = \"") + bad + "\"\n"),
                 config_error)
        << bad;
  }
  const std::pair<const char*, log_level> good[] = {
      {"off", log_level::off},   {"error", log_level::error}, {"warn", log_level::warn},
      {"info", log_level::info}, {"debug", log_level::debug}, {"trace", log_level::trace}};
  for (const auto& [word, level] : good) {
    EXPECT_EQ(
        load(std::string("endpoints = []\n[log]\nlevel = \"") + word + "\"\n").value.log.level,
        level);
  }
}

TEST(KeyOrigins, KeepTheLastPlaceOfAKey) {
  const auto from = std::make_shared<const source>(source{"a", "one\ntwo\n"});
  key_origins places;
  EXPECT_EQ(places.at("x").from, nullptr);
  places.set("x", {from, 0});
  places.set("y", {from, 1});
  places.set("x", {from, 5});
  EXPECT_EQ(places.at("x").to_string(), "a:2:2");
  EXPECT_EQ(places.at("y").to_string(), "a:1:2");
  EXPECT_EQ(places, key_origins{});  // two configurations are equal wherever they were written
}

}  // namespace
}  // namespace relay::config
