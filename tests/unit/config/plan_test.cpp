#include "unit/config/rules.hpp"

#include <relay/config/plan.hpp>

namespace relay::config {
namespace {

using test::named;
using test::rule;
using test::settings_of;

std::string text_of(const std::string& before, const std::string& after,
                    const session_counts& live = {}) {
  const auto from = settings_of(before), to = settings_of(after);
  return plan_text(diff(from, to), from, to, live);
}
std::string json_of(const std::string& before, const std::string& after,
                    const session_counts& live = {}) {
  const auto from = settings_of(before), to = settings_of(after);
  return plan_json(diff(from, to), from, to, live);
}

TEST(PlanText, HasALineForEachEndpointThatIsNotTheSame) {
  const struct {
    const char* why;
    std::string before, after, expected;
  } rows[]{
      {"nothing", rule(":1"), rule(":1"), "nothing changes\n"},
      {"another order", rule(":1") + rule(":2"), rule(":2") + rule(":1"), "nothing changes\n"},
      {"added", "", named("web", "0.0.0.0:80", "10.0.0.1:80"),
       "+ web: listen 0.0.0.0:80 => 10.0.0.1:80\n"},
      {"added without a name", "", rule(":80", "10.0.0.1:80"), "+ *:80 => 10.0.0.1:80\n"},
      {"several remotes", "", rule("[::1]:80", "a:1", "extra_remotes = [\"b:1\", \"c:1\"]"),
       "+ [::1]:80 => a:1 and 2 more\n"},
      {"removed", named("web", ":80", "10.0.0.1:80") + rule(":1"), rule(":1"),
       "- web: listen *:80 => 10.0.0.1:80 (sessions have 10s to end)\n"},
      {"changed", named("game", ":1", "10.0.0.1:1"),
       named("game", ":1", "10.0.0.2:1", "network.tcp_timeout = 3"),
       "~ game: remote 10.0.0.1:1 -> 10.0.0.2:1, network.tcp_timeout 5s -> 3s "
       "(sessions live on)\n"},
      {"given and not given", rule(":1"), rule(":1", "b:9000", "through = \"10.0.0.1\""),
       "~ *:1: through none -> 10.0.0.1:0 (sessions live on)\n"},
      {"renamed", named("a", ":1"), named("b", ":1"), "~ b: name a -> b (sessions live on)\n"},
      {"words, numbers, lists", rule(":1"),
       rule(":1", "b:9000",
            "extra_remotes = [\"c:1\"]\ninterface = \"a b\"\nnetwork = {moderation = \"off\", "
            "byte_rate = \"5MiB/s\", idle_timeout = \"250ms\"}"),
       "~ *:1: extra_remotes [] -> [\"c:1\"], interface none -> \"a b\", network.idle_timeout 0s "
       "-> 250ms, network.byte_rate 0 -> 5MiB/s, network.moderation on -> off "
       "(sessions live on)\n"},
  };
  for (const auto& each : rows)
    EXPECT_EQ(text_of(each.before, each.after), each.expected) << each.why;
}

TEST(PlanText, SaysWhatBecomesOfTheSessions) {
  const auto with = [](const char* fate) {
    return rule(":1", "c:1", "network.on_change = \"" + std::string(fate) + '"');
  };
  const std::string patient = "[process]\nshutdown_timeout = \"1500ms\"\n";
  const std::string hasty = "[process]\nshutdown_timeout = 0\n";
  const struct {
    std::string before, after;
    std::uint64_t live;
    const char* end;
  } rows[]{
      {rule(":1"), with("keep"), 12, " (12 sessions live on)"},
      {rule(":1"), with("keep"), 1, " (1 session lives on)"},
      {rule(":1"), with("keep"), 0, ""},
      {patient + rule(":1"), patient + with("drain"), 12, " (12 sessions have 1500ms to end)"},
      {patient + rule(":1"), patient + with("drain"), 1, " (1 session has 1500ms to end)"},
      {hasty + rule(":1"), hasty + with("drain"), 12, " (12 sessions end at once)"},
      {rule(":1"), with("cut"), 12, " (12 sessions end at once)"},
      {rule(":1"), with("cut"), 1, " (1 session ends at once)"},
      {rule(":1"), "", 12, " (12 sessions have 10s to end)"},
      {rule(":1", "b:1", "network.on_remove = \"keep\""), "", 12, " (12 sessions live on)"},
  };
  for (const auto& each : rows) {
    const auto made = text_of(each.before, each.after, [&](std::size_t at) {
      EXPECT_EQ(at, 0U);
      return each.live;
    });
    const auto end = std::string(each.end) + '\n';
    EXPECT_TRUE(made.ends_with(end)) << made << " does not end with" << end;
    EXPECT_EQ(made.find('(') == std::string::npos, each.live == 0) << made;
  }
}

TEST(PlanText, CountsTheSessionsOfTheOldEndpointAndOfNoNewOne) {
  const auto made = text_of(rule(":1") + rule(":2") + rule(":3"),
                            rule(":3", "c:1") + rule(":4") + rule(":1", "c:1"),
                            [](std::size_t at) { return 100 + at; });
  EXPECT_EQ(made,
            "~ *:3: remote b:9000 -> c:1 (102 sessions live on)\n"
            "+ *:4 => b:9000\n"
            "~ *:1: remote b:9000 -> c:1 (100 sessions live on)\n"
            "- *:2 => b:9000 (101 sessions have 10s to end)\n");
}

TEST(PlanText, EndsWithTheOtherKeysAndWhatNeedsARestart) {
  EXPECT_EQ(
      text_of("endpoints = []\n[log]\nlevel = \"warn\"\n[dns]\nnameservers = [\"1.1.1.1:53\"]\n",
              rule(":1") + "[log]\nlevel = \"info\"\n[dns]\nprotocol = \"tcp\"\n"
                           "[process]\nuser = \"nobody\"\nwatch = true\nmax_connections = 5\n"),
      "+ *:1 => b:9000\n"
      "~ log.level warn -> info\n"
      "~ process.max_connections 0 -> 5\n"
      "~ process.watch false -> true\n"
      "! dns.protocol none -> tcp needs a restart\n"
      "! dns.nameservers [\"1.1.1.1:53\"] -> [] needs a restart\n"
      "! process.user none -> nobody needs a restart\n");
}

TEST(PlanText, KeepsControlCharactersFromTheTerminal) {
  const auto made = text_of(rule(":1"), rule(":1", "b:9000", "interface = \"\\u001b[2J\""));
  EXPECT_EQ(made, "~ *:1: interface none -> \"\\u001B[2J\" (sessions live on)\n");
}

TEST(PlanJson, SaysTheSameForPrograms) {
  const struct {
    const char* why;
    std::string before, after, expected;
  } rows[]{
      {"nothing", rule(":1"), rule(":1"),
       R"({"changes":false,"endpoints":[],"follows":[],"needs_restart":[]})"},
      {"added", "", named("web", "0.0.0.0:80", "10.0.0.1:80"),
       R"({"changes":true,"endpoints":[{"change":"added","name":"web","listen":"0.0.0.0:80",)"
       R"("remote":"10.0.0.1:80"}],"follows":[],"needs_restart":[]})"},
      {"removed", rule(":1"), "",
       R"({"changes":true,"endpoints":[{"change":"removed","name":null,"listen":"*:1",)"
       R"("remote":"b:9000","sessions":7,"fate":"drain"}],"follows":[],"needs_restart":[]})"},
      {"changed", rule(":1"),
       rule(":1", "b:9000",
            "through = \"10.0.0.1\"\nextra_remotes = [\"c:1\"]\n"
            "network = {use_udp = true, idle_timeout = \"250ms\"}"),
       R"({"changes":true,"endpoints":[{"change":"changed","name":null,"listen":"*:1",)"
       R"("remote":"b:9000","listens_elsewhere":true,"keys":[)"
       R"({"key":"extra_remotes","before":[],"after":["c:1"]},)"
       R"({"key":"through","before":null,"after":"10.0.0.1:0"},)"
       R"({"key":"network.use_udp","before":false,"after":true},)"
       R"({"key":"network.idle_timeout","before":0,"after":"250ms"}],)"
       R"("sessions":7,"fate":"keep"}],"follows":[],"needs_restart":[]})"},
      {"the other keys", "endpoints = []",
       "endpoints = []\nlog.level = \"info\"\ndns.protocol = \"tcp\"",
       R"({"changes":true,"endpoints":[],"follows":[{"key":"log.level","before":"off",)"
       R"("after":"info"}],"needs_restart":[{"key":"dns.protocol","before":null,"after":"tcp"}]})"},
  };
  for (const auto& each : rows) {
    EXPECT_EQ(json_of(each.before, each.after, [](std::size_t) { return 7; }), each.expected)
        << each.why;
  }
}

TEST(PlanJson, LeavesOutWhatNobodyCounts) {
  const auto made = json_of(rule(":1"), "");
  EXPECT_EQ(made.find("sessions"), std::string::npos) << made;
  EXPECT_NE(made.find(R"("fate":"drain")"), std::string::npos) << made;
}

TEST(PlanJson, SurvivesATextThatIsNoUtf8) {
  settings from, to;
  to.log.output = "\xff";
  EXPECT_EQ(plan_json(diff(from, to), from, to).find('\n'), std::string::npos);
}

}  // namespace
}  // namespace relay::config
