#include "unit/config/loading.hpp"

#include <relay/config/keys.hpp>

#include <algorithm>
#include <set>

namespace relay::config {
namespace {

using test::brief;
using test::load;
using test::with_endpoint;

TEST(Unsupported, IsEmptyForWhatWorks) {
  for (const auto* lines : {"",
                            "network.no_tcp = true",
                            "network.use_udp = true",
                            "balance = \"off: 1, 2\"",
                            "balance = \" off:\"",
                            "extra_remotes = []",
                            "extra_remotes = [\"c:1\"]\nbalance = \"iphash: 1, 1\"",
                            "max_connections = 1",
                            "[process]\nmax_connections = 1",
                            "network.idle_timeout = 1",
                            "network.moderation = \"off\"",
                            "network.moderation = \"on\"",
                            "listen_transport = \"\"",
                            "network.idle_timeout = 0",
                            "network.half_close_timeout = 0",
                            "network.connect_limit = 1",
                            "network.send_proxy = true\nnetwork.send_proxy_version = 1",
                            "network.accept_proxy = true\nnetwork.accept_proxy_timeout = 1",
                            "network.trusted_proxies = [\"10.0.0.0/8\"]",
                            "network.send_proxy_udp = \"first\"",
                            "network.handshake_timeout = 1",
                            "network.send_mptcp = true",
                            "network.accept_mptcp = true",
                            "listen_transport = \"ws;host=a;path=/\"",
                            "remote_transport = \"tls;sni=a\"",
                            "network.camouflage = \"close\"",
                            "network.byte_rate = 1",
                            "network.endpoint_byte_rate = 1",
                            "max_associations = 1",
                            "through = \"127.0.0.1\"",
                            "interface = \"eth0\"\nlisten_interface = \"eth1\""}) {
    EXPECT_EQ(brief(unsupported(load(with_endpoint(lines)).value)), "") << lines;
  }
}

TEST(Unsupported, NamesEachKeyThatIsUsedAndItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"warm", "network.warm = 1"},
      {"warm_max_age", "network.warm_max_age = 1"},
      {"socket_memory", "[process]\nsocket_memory = 1"},
  };
  for (const auto& [key, lines] : cases) {
    const std::string text(lines);
    const auto problems = unsupported(load(with_endpoint(text)).value);
    ASSERT_EQ(problems.size(), 1U) << lines << '\n' << brief(problems);
    EXPECT_EQ(problems[0].message,
              '`' + std::string(key) + "` is not available yet in this version");
    EXPECT_FALSE(problems[0].hint.empty());
    const auto* place = text.starts_with("network.")    ? "t:4:9"
                        : text.starts_with("[process]") ? "t:5:1"
                                                        : "t:4:1";
    EXPECT_EQ(problems[0].where.to_string(), place) << lines;
  }
  EXPECT_EQ(std::size(cases), unavailable_keys().size());
}

TEST(Unsupported, TellsAGlobalKeyOnce) {
  const auto made = load(with_endpoint("") + with_endpoint("") + "[network]\nwarm = 1\n");
  EXPECT_EQ(brief(unsupported(made.value)),
            "t:8:1: error: `warm` is not available yet in this version\n");
  overrides forced;
  forced.network.warm = 1;
  EXPECT_EQ(brief(unsupported(load(with_endpoint("") + with_endpoint(""), forced).value)),
            "command line: error: `warm` is not available yet in this version\n");
}

TEST(Unsupported, PointsAtTheLayerThatCounts) {
  const auto told = [](const std::string& own, const std::string& global, bool forced_value) {
    overrides forced;
    if (forced_value) forced.network.warm = 1;
    return brief(unsupported(load(with_endpoint(own + "[network]\n" + global), forced).value));
  };
  const std::string message = ": error: `warm` is not available yet in this version\n";
  const std::string on = "network.warm = 1\n";
  const std::string off = "network.warm = 0\n";
  EXPECT_EQ(told("", "warm = 1\n", false), "t:5:1" + message);
  EXPECT_EQ(told(on, "warm = 1\n", false), "t:4:9" + message);
  EXPECT_EQ(told(off, "warm = 1\n", false), "");
  EXPECT_EQ(told(off, "", true), "command line" + message);
  EXPECT_EQ(told(on, "", true), "command line" + message);
}

TEST(Unsupported, TellsEverythingAtOnce) {
  const auto made = load(
      "[[endpoints]]\nlisten = \":1-2\"\nremote = \"b:1\"\n"
      "network = {warm = 1, warm_max_age = 5}\n[process]\nsocket_memory = 2\n");
  const auto problems = unsupported(made.value);
  std::set<std::string> keys;
  for (const auto& each : problems) keys.insert(each.where.to_string());
  EXPECT_EQ(keys, (std::set<std::string>{"t:4:12", "t:4:22", "t:6:1"}));
  EXPECT_EQ(problems.size(), 3U);
  for (const auto& each : problems) EXPECT_EQ(each.severity, problem::level::error);
}

TEST(Unsupported, WorksOnSettingsThatWereNotRead) {
  settings made;
  made.endpoints.resize(1);
  made.endpoints[0].network.warm = 1;
  EXPECT_EQ(unsupported(made).size(), 1U);
}

TEST(Keys, UnavailableOnesAreKnown) {
  std::set<std::pair<std::string_view, std::string_view>> known;
  for (const auto& each : known_keys()) EXPECT_TRUE(known.emplace(each.table, each.name).second);
  for (const auto& each : unavailable_keys()) {
    EXPECT_TRUE(known.contains({each.table, each.name})) << each.name;
  }
}

TEST(Keys, NameTheirAliases) {
  std::vector<std::string> aliases;
  for (const auto& each : known_keys()) {
    if (!each.alias_of.empty())
      aliases.push_back(std::string(each.name) + "=" + std::string(each.alias_of));
  }
  EXPECT_EQ(aliases,
            (std::vector<std::string>{"accept_timeout=accept_proxy_timeout", "local=listen"}));
}

}  // namespace
}  // namespace relay::config
