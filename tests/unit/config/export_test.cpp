#include "unit/config/loading.hpp"
#include "unit/config/random_settings.hpp"

namespace relay::config {
namespace {

using test::load;

constexpr auto printers = {to_toml, to_json};
constexpr auto extents = {extent::all, extent::needed};
constexpr auto formats = {convert_format::toml, convert_format::json};

const std::string two_endpoints = R"([[endpoints]]
listen = "127.0.0.1:1"
remote = "b:2"
network = {warm = 1}
[[endpoints]]
listen = ":0"
remote = "c:3"
through = "::1"
)";

TEST(Export, ReadsBackEqualForRandomSettings) {
  for (unsigned seed = 100; seed < 160; ++seed) {
    const auto before = test::random_settings(seed).make();
    for (const auto print : printers) {
      for (const auto how : extents) {
        const auto text = print(before, how);
        try {
          const auto after = load(text);
          ASSERT_TRUE(after.value == before) << "seed " << seed << '\n' << text;
          ASSERT_EQ(print(after.value, how), text) << "seed " << seed;
        } catch (const config_error& failure) {
          FAIL() << "seed " << seed << '\n' << failure.what();
        }
      }
    }
  }
}

TEST(Export, WritesNothingThatIsAtItsDefault) {
  EXPECT_EQ(to_toml(settings{}, extent::needed), "endpoints = []\n");
  EXPECT_EQ(to_json(settings{}, extent::needed), "{\n  \"endpoints\": []\n}\n");
  const auto one =
      load(test::with_endpoint("max_associations = 16384\n[dns]\nmin_ttl = 0\n"
                               "[network]\ntcp_timeout = \"5s\"\n"));
  EXPECT_EQ(to_toml(one.value, extent::needed), test::with_endpoint(""));
}

TEST(Export, WritesAnAddressThatLooksLikeADefault) {
  EXPECT_EQ(
      to_toml(load("[[endpoints]]\nlisten = \":0\"\nremote = \"b:2\"\n").value, extent::needed),
      "[[endpoints]]\nlisten = \"*:0\"\nremote = \"b:2\"\n");
}

TEST(Export, KeepsWhetherTheProtocolWasGiven) {
  const std::string given = "endpoints = []\n\n[dns]\nprotocol = \"tcp_and_udp\"\n";
  EXPECT_EQ(to_toml(load(given).value, extent::needed), given);
  const auto not_given = to_json(load("endpoints = []").value);
  EXPECT_EQ(not_given.find("protocol"), std::string::npos);
}

TEST(Export, WritesOnceWhatAllEndpointsHaveInCommon) {
  const auto what = load(two_endpoints + "[network]\nuse_udp = true\nudp_timeout = \"1500ms\"\n");
  EXPECT_EQ(to_toml(what.value, extent::needed), R"([network]
use_udp = true
udp_timeout = "1500ms"

[[endpoints]]
listen = "127.0.0.1:1"
remote = "b:2"

[endpoints.network]
warm = 1

[[endpoints]]
listen = "*:0"
remote = "c:3"
through = "[::1]:0"
)");
}

TEST(Export, LeavesTheNetworkOfASingleEndpointWhereItIs) {
  const auto what = load(test::with_endpoint("[network]\nuse_udp = true\n"));
  EXPECT_EQ(to_toml(what.value, extent::needed),
            test::with_endpoint("\n[endpoints.network]\nuse_udp = true\n"));
}

TEST(Export, WritesJsonWithAKeyALine) {
  const auto what = load(two_endpoints + "[log]\noutput = \"a\\\"b\"\n");
  EXPECT_EQ(to_json(what.value, extent::needed), R"({
  "log": {
    "output": "a\"b"
  },
  "endpoints": [
    {
      "listen": "127.0.0.1:1",
      "remote": "b:2",
      "network": {
        "warm": 1
      }
    },
    {
      "listen": "*:0",
      "remote": "c:3",
      "through": "[::1]:0"
    }
  ]
}
)");
}

TEST(Convert, WritesATextOfTodayAsWhatItSays) {
  for (const auto format : formats) {
    const auto made = convert_text("t", two_endpoints, format);
    EXPECT_FALSE(made.legacy);
    EXPECT_EQ(load(made.text).value, load(two_endpoints).value);
    // And what it has written, in either format again.
    for (const auto other : formats) {
      EXPECT_EQ(load(convert_text("t", made.text, other).text).value, load(two_endpoints).value);
    }
  }
}

TEST(Convert, TellsWhatItLeavesOut) {
  const auto made = convert_text("t", "colour = 3\nendpoints = []\n", convert_format::toml);
  EXPECT_EQ(test::brief(made.warnings), "t:1:1: warning: unknown key `colour`\n");
  EXPECT_EQ(made.text, "endpoints = []\n");
}

TEST(Convert, TakesAFolderAsOneConfiguration) {
  const test::temporary_folder folder;
  folder.write("a.toml", "[network]\nwarm = 2\n");
  folder.write("b/c.json", R"({"endpoints": [{"listen": ":1", "remote": "a:1"}]})");
  folder.write("old.json", R"({"listening_addresses": ["1.1.1.1"], "listening_ports": ["2"],
                               "remote_addresses": ["b"], "remote_ports": ["2"]})");
  for (const auto format : formats) {
    EXPECT_EQ(load(convert_folder(folder.path(), format).text).value,
              load_path(folder.path(), {}).value);
  }
}

TEST(Convert, MakesOfARealm1TextWhatTheReferenceMakes) {
  const std::string old =
      "\xef\xbb\xbf\n"
      R"({"listening_addresses": ["127.0.0.1"], "listening_ports": ["80"],
          "remote_addresses": ["127.0.0.1"], "remote_ports": ["80"]})";
  for (const auto format : formats) {
    for (const auto takes : {convert_input::any, convert_input::legacy}) {
      const auto made = convert_text("old.json", old, format, takes);
      EXPECT_TRUE(made.legacy);
      EXPECT_EQ(made.text, convert_legacy("old.json", old, format));
    }
  }
}

TEST(Convert, TellsOfUnknownKeysInARealm1Text) {
  const std::string old =
      R"({"listening_addresses": ["127.0.0.1"], "listening_ports": ["80"], "remote_adresses": [],
          "remote_addresses": ["127.0.0.1"], "remote_ports": ["80"]})";
  for (const auto takes : {convert_input::any, convert_input::legacy}) {
    const auto made = convert_text("old.json", old, convert_format::toml, takes);
    ASSERT_EQ(made.warnings.size(), 1U);
    EXPECT_EQ(made.warnings[0].where.to_string(), "old.json:1:67");
    EXPECT_EQ(made.warnings[0].message, "unknown key `remote_adresses` in a realm 1.x file");
  }
}

TEST(Convert, TellsOfAGlobalNetworkThatNoEndpointTakesAlong) {
  for (const auto format : formats) {
    const auto lost = convert_text("t", "endpoints = []\n[network]\nuse_udp = true\n", format);
    ASSERT_EQ(lost.warnings.size(), 1U);
    EXPECT_EQ(lost.warnings[0].where.to_string(), "t:3:11");
    EXPECT_EQ(lost.warnings[0].message, "the global `network` has no effect: there is no endpoint");
    EXPECT_TRUE(convert_text("t", "endpoints = []\n[network]\n", format).warnings.empty());
    EXPECT_TRUE(convert_text("t", "[network]\nuse_udp = true\n" + test::with_endpoint(""), format)
                    .warnings.empty());
  }
}

TEST(Convert, TakesNothingElseWhenAskedAsTheReference) {
  for (const auto* text : {"", "endpoints = []", "{\"endpoints\": []}"}) {
    EXPECT_THROW(convert_text("x", text, convert_format::toml, convert_input::legacy), config_error)
        << text;
  }
}

TEST(Convert, RefusesWhatCannotBeLoaded) {
  for (const auto* text : {"", "{", "{}", "[log]", "endpoints = 3", "[[endpoints]]\nlisten = 3"}) {
    EXPECT_THROW(convert_text("x", text, convert_format::json), config_error) << text;
  }
}

}  // namespace
}  // namespace relay::config
