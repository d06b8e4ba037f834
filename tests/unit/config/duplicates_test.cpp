#include "unit/config/loading.hpp"

namespace relay::config {
namespace {

using test::brief;

settings listening(const std::vector<std::string>& endpoints) {
  std::string text;
  for (const auto& each : endpoints) {
    text +=
        "[[endpoints]]\nremote = \"b:9\"\nlisten = \"" + each.substr(0, each.find('|')) + "\"\n";
    if (const auto bar = each.find('|'); bar != std::string::npos)
      text += each.substr(bar + 1) + '\n';
  }
  return test::load(text).value;
}

std::size_t clashes(const std::vector<std::string>& endpoints) {
  return duplicate_listens(listening(endpoints)).size();
}

TEST(DuplicateListens, NameBothPlaces) {
  const auto problems = duplicate_listens(listening({"127.0.0.1:80", "127.0.0.1:80"}));
  EXPECT_EQ(brief(problems),
            "t:6:10: warning: `listen`: 127.0.0.1:80 (TCP) is already used by the endpoint "
            "127.0.0.1:80, at t:3:10\n");
}

TEST(DuplicateListens, CallTheFirstByItsName) {
  const auto problems =
      duplicate_listens(listening({"127.0.0.1:80|name = \"web\"", "127.0.0.1:80"}));
  EXPECT_EQ(brief(problems),
            "t:7:10: warning: `listen`: 127.0.0.1:80 (TCP) is already used by the endpoint "
            "127.0.0.1:80 (web), at t:3:10\n");
}

TEST(DuplicateListens, AreErrorsOnRequest) {
  const auto what = listening({"127.0.0.1:80", "127.0.0.1:80"});
  EXPECT_EQ(duplicate_listens(what, problem::level::error).at(0).severity, problem::level::error);
}

TEST(DuplicateListens, CompareAddresses) {
  EXPECT_EQ(clashes({"127.0.0.1:80", "127.0.0.1:81", "127.0.0.2:80", "[::1]:80", "a:80"}), 0U);
  EXPECT_EQ(clashes({"[::1]:80", "[0:0::1]:80"}), 1U);
  EXPECT_EQ(clashes({"localhost:80", "LOCALHOST:80"}), 1U);
  EXPECT_EQ(clashes({":80", "*:80", "80"}), 2U);
  EXPECT_EQ(clashes({"127.0.0.1:0", "127.0.0.1:0"}), 0U);
  EXPECT_EQ(clashes({"127.0.0.1:80", "127.0.0.1:80|listen_interface = \"eth0\""}), 0U);
}

TEST(DuplicateListens, AnUnspecifiedAddressMeetsThoseOfItsFamily) {  // as bind(2) has it
  const std::string v6 = "[::]:80|network.ipv6_only = true";
  EXPECT_EQ(clashes({"127.0.0.1:80", "0.0.0.0:80"}), 1U);
  EXPECT_EQ(clashes({"0.0.0.0:80", "127.0.0.1:80"}), 1U);
  EXPECT_EQ(clashes({"127.0.0.1:80", "[::]:80"}), 1U);
  EXPECT_EQ(clashes({"[::]:80", "127.0.0.1:80", "[::1]:80", "[::ffff:127.0.0.2]:80"}), 3U);
  EXPECT_EQ(clashes({"[::1]:80", v6}), 1U);
  EXPECT_EQ(clashes({"0.0.0.0:80", ":80"}), 1U);
  EXPECT_EQ(clashes({"0.0.0.0:80", v6, "name:80"}), 0U);
  EXPECT_EQ(clashes({"[::1]:80", "0.0.0.0:80"}), 0U);
  EXPECT_EQ(
      clashes({"0.0.0.0:80", "[::]:81", "[::]:80|network.no_tcp = true\nnetwork.use_udp = true"}),
      0U);
}

TEST(DuplicateListens, SayWhatWouldLetBothServe) {
  const auto hint = [](const std::vector<std::string>& endpoints) {
    return duplicate_listens(listening(endpoints)).at(0).hint;
  };
  const std::string advice =
      "with `ipv6_only = true` for [::]:80 it leaves IPv4 to the other, and "
      "both serve";
  EXPECT_EQ(hint({"0.0.0.0:80", "[::]:80"}), advice);
  EXPECT_EQ(hint({"[::]:80", "0.0.0.0:80"}), advice);
  EXPECT_EQ(hint({"0.0.0.0:80", "127.0.0.1:80"}), "remove one of them, or let it listen elsewhere");
}

TEST(DuplicateListens, FindOverlappingRanges) {
  EXPECT_EQ(clashes({":1-10", ":11-20"}), 0U);
  EXPECT_EQ(clashes({":1-10", ":10-20"}), 1U);
  EXPECT_EQ(clashes({":1-100", ":5", ":50-60", ":101"}), 2U);
  EXPECT_EQ(clashes({":5", ":1-100"}), 1U);
}

TEST(DuplicateListens, KeepTcpAndUdpApart) {
  EXPECT_EQ(clashes({":80|network.no_tcp = true\nnetwork.use_udp = true", ":80"}), 0U);
  EXPECT_EQ(clashes({":80|network.use_udp = true", ":80|network.use_udp = true"}), 2U);
}

TEST(DuplicateListens, BlameTheLaterEndpoint) {
  const auto problems = duplicate_listens(listening({":50-60", ":1-55"}));
  EXPECT_EQ(brief(problems),
            "t:6:10: warning: `listen`: *:1-55 (TCP) is already used by the endpoint *:50-60, "
            "at t:3:10\n");
}

// A mistake elsewhere does not hide them: that would be one visit more for each.
TEST(DuplicateListens, AreToldTogetherWithOtherMistakes) {
  const std::string clash = "[[endpoints]]\nlisten = \"127.0.0.1:80\"\nremote = ";
  const auto problems = test::problems_of(clash + "\"a:1\"\n" + clash + "\"a\"\n" + clash +
                                          "\"a:1\"\n[log]\nlevel = \"loud\"\n");
  EXPECT_EQ(brief(problems),
            "t:5:10: error: `listen`: 127.0.0.1:80 (TCP) is already used by the endpoint "
            "127.0.0.1:80, at t:2:10\n"
            "t:6:10: error: `remote`: `a` has no port; write a:PORT\n"
            "t:8:10: error: `listen`: 127.0.0.1:80 (TCP) is already used by the endpoint "
            "127.0.0.1:80, at t:2:10\n"
            "t:11:9: error: `level`: unknown word `loud`\n")
      << "those of an endpoint without a good remote, too";
}

TEST(DuplicateListens, AreWarningsBesideOtherMistakesWhereTheyAreWanted) {
  const std::string clash = "[[endpoints]]\nlisten = \"127.0.0.1:80\"\nremote = \"a:1\"\n";
  const auto problems =
      test::problems_of("process.bind = \"partial\"\nlog.level = \"loud\"\n" + clash + clash);
  ASSERT_EQ(problems.size(), 2U) << brief(problems);
  EXPECT_EQ(problems[1].severity, problem::level::warning);
}

}  // namespace
}  // namespace relay::config
