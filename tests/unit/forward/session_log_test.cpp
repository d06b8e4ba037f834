#include "support/scratch_directory.hpp"

#include <relay/base/log.hpp>
#include <relay/forward/session_log.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using forward::end_reason;
using lines = std::vector<std::string>;

const error_code refused(ECONNREFUSED, boost::system::system_category());
const ip_endpoint client = *ip_endpoint::parse("192.0.2.1:4000");
const ip_endpoint server = *ip_endpoint::parse("198.51.100.7:443");

/// A log of the lines about one endpoint, which listens at two ports and has a name for its remote.
struct bench {
  explicit bench(logs::level level = logs::level::debug,
                 config::dialect rules = config::dialect::relay)
      : log(level, folder.path() + "/log"),
        by(new rule(endpoint(), {}, log.target("relay::balance"))),
        told(log, rules, [this] { ++storms; }) {
    by->listening(*ip_endpoint::parse("127.0.0.1:5000"));
  }

  static config::endpoint endpoint() {
    config::endpoint from;
    from.listen = *parse_listen("127.0.0.1:5000-5001");
    from.remote = *parse_remote("web.example:443");
    from.extra_remotes = {*parse_remote("198.51.100.7:443")};
    return from;
  }
  path_name path(std::size_t remote = 0) { return {*by, remote, 1}; }

  /// What has been written so far, as `target LEVEL text`.
  lines written() {
    EXPECT_TRUE(log.flush());
    lines made;
    std::ifstream file(folder.path() + "/log");
    const std::regex form(R"(\[[^\]]*\]\[[^\]]*\]\[([^\]]*)\]\[([A-Z]*)\](.*))");
    for (std::string line; std::getline(file, line);) {
      made.push_back(std::regex_replace(line, form, "$1 $2 $3"));
    }
    return made;
  }
  session_summary summary(end_reason why, const error_code& ec = {}) {
    session_summary of;
    of.id = 7;
    of.client = {client, {}};
    of.end = why;
    of.error = ec;
    return of;
  }

  test::scratch_directory folder;
  logs log;
  rule_ptr by;
  int storms = 0;
  session_log told;
};

step_outcome failed(const error_code& ec, const char* phase = "connecting") {
  return {end_reason::connect_failed, phase, ec, server};
}

TEST(SessionLog, UnderRelaysNameStepsAreAtDebugAndSayTheVeryPortOfARange) {
  bench b;
  b.told.established(b.path(), client, server, false);
  b.told.established(b.path(), client, server, true);
  EXPECT_EQ(b.written(),
            (lines{"realm_core::tcp::middle DEBUG [tcp]192.0.2.1:4000 => web.example:443 as "
                   "198.51.100.7:443",
                   "realm_core::tcp::middle DEBUG [tcp]192.0.2.1:4000 => web.example:443 as "
                   "198.51.100.7:443 (warm)"}));
}

TEST(SessionLog, UnderRealmsNameTheyAreAtItsLevels) {
  bench b(logs::level::info, config::dialect::realm);
  b.told.established(b.path(), client, server, false);
  b.told.done(b.path(), b.summary(end_reason::client_eof));
  const auto all = b.written();
  ASSERT_EQ(all.size(), 1U) << "realm has no line about a session's end";
  EXPECT_TRUE(all[0].starts_with("realm_core::tcp::middle INFO ")) << all[0];
}

TEST(SessionLog, WhatCostBytesHasALineUnderRealmsNameToo) {
  bench b(logs::level::info, config::dialect::realm);
  for (const auto why :
       {end_reason::truncated, end_reason::flood, end_reason::half_close_timeout}) {
    b.told.done(b.path(), b.summary(why));
  }
  EXPECT_EQ(b.written().size(), 3U);
}

TEST(SessionLog, TheTimesOfASessionAreWantedWhereItHasALine) {
  EXPECT_TRUE(bench(logs::level::info).told.wants_times());
  EXPECT_FALSE(bench(logs::level::warn).told.wants_times());
  EXPECT_FALSE(bench(logs::level::info, config::dialect::realm).told.wants_times());
  EXPECT_TRUE(bench(logs::level::debug, config::dialect::realm).told.wants_times());
}

TEST(SessionLog, AnAddressThatFailsIsToldWithItsNameAndListener) {
  bench b;
  b.told.address_failed(b.path(), failed(refused), true);
  b.told.address_failed(b.path(), failed(errc::timed_out), true);
  b.told.address_failed(b.path(1), failed(refused), false);
  EXPECT_EQ(b.written(),
            (lines{"realm_core::tcp::socket WARN [tcp]connect to web.example:443 as "
                   "198.51.100.7:443: connecting: connection refused, try next ip (on "
                   "127.0.0.1:5001)",
                   "realm_core::tcp::socket WARN [tcp]connect to web.example:443 as "
                   "198.51.100.7:443 timeout, try next ip (on 127.0.0.1:5001)",
                   "realm_core::tcp::socket WARN [tcp]connect to 198.51.100.7:443: connection "
                   "refused (on 127.0.0.1:5001)"}))
      << "an address has no other, and stands there once";
}

TEST(SessionLog, ANameWithOneAddressHasNoOther) {
  bench b;
  b.told.address_failed(b.path(), failed(refused), false);
  ASSERT_EQ(b.written().size(), 1U);
  EXPECT_NE(b.written().front().find("connection refused, no other address (on 127.0.0.1:5001)"),
            std::string::npos)
      << b.written().front();
}

TEST(SessionLog, UnderRealmsNameTheListenerIsNotSaid) {
  bench b(logs::level::debug, config::dialect::realm);
  b.told.gave_up(b.path(), {client, {}}, "connecting", "connection refused");
  EXPECT_EQ(b.written(), (lines{"realm_core::tcp ERROR [tcp]192.0.2.1:4000 => web.example:443, "
                                "error: connecting: connection refused"}));
}

TEST(SessionLog, AStormIsOneLineAndThenACount) {
  bench b;
  for (int i = 0; i < 5; ++i) {
    b.told.gave_up(b.path(), {client, {}}, "connecting", "connection refused");
  }
  EXPECT_EQ(b.written().size(), 1U);
  EXPECT_EQ(b.storms, 1) << "somebody has to ask for the summary";
  EXPECT_TRUE(b.told.write_summaries(storm::clock::now()));
  EXPECT_EQ(b.written().size(), 1U) << "not yet";
  b.told.write_final_summaries();
  const auto all = b.written();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_NE(all[1].find("web.example:443: connecting: connection refused: 4 more times in"),
            std::string::npos)
      << all[1];
}

TEST(SessionLog, TheErrorsOfAnEndpointAreCountedWhetherTheyAreWrittenOrNot) {
  bench b(logs::level::off);
  for (int i = 0; i < 3; ++i) {
    b.told.gave_up(b.path(), {client, {}}, "connecting", "connection refused");
  }
  b.told.untrusted(b.path(), client);
  const auto all = b.by->errors.all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].times, 3U);
  EXPECT_EQ(b.storms, 0) << "nothing is held back";
}

TEST(SessionLog, ADecisionHasNoPhase) {
  bench b;
  b.told.gave_up(b.path(), {client, {}}, "", "rejected by the hook");
  EXPECT_TRUE(b.written()[0].ends_with("error: rejected by the hook (on 127.0.0.1:5001)"))
      << b.written()[0];
}

TEST(SessionLog, WhatAProxyHeaderSaysIsInRealmsWords) {
  bench b;
  wire::proxy_header header;
  header.version = 1;
  b.told.header_accepted(header);
  header.version = 2;
  header.command = wire::proxy_command::local;
  b.told.header_accepted(header);
  header.command = wire::proxy_command::proxy;
  header.transport = wire::proxy_transport::datagram;
  b.told.header_accepted(header);
  header.transport = wire::proxy_transport::stream;
  header.family = wire::proxy_family::unix_path;
  b.told.header_accepted(header);
  header.family = wire::proxy_family::unspecified;
  b.told.header_accepted(header);
  header.addresses = wire::proxy_addresses{client, server};
  b.told.header_accepted(header);
  lines texts;
  for (const auto& each : b.written()) texts.push_back(each.substr(each.find(": ") + 2));
  EXPECT_EQ(texts, (lines{"unknown", "command = LOCAL, ignore", "protocol = DGRAM, ignore",
                          "af_family = AF_UNIX, ignore", "af_family = AF_UNSPEC, ignore",
                          "192.0.2.1:4000 => 198.51.100.7:443"}));
}

TEST(SessionLog, WhoeverWasNotAnsweredIsAWarning) {
  bench b;
  b.told.unanswered(b.path(), b.summary(end_reason::half_close_timeout), 10s);
  EXPECT_EQ(
      b.written(),
      (lines{"relay::session WARN 192.0.2.1:4000 => web.example:443: the client had ended; no "
             "answer came within half_close_timeout, cut off after 10s (on "
             "127.0.0.1:5001)"}));
}

// At `info` a busy relay would write a line per session: then some are only counted.
TEST(SessionLog, AboveABudgetSessionsAreCountedNotTold) {
  bench b(logs::level::info);
  for (int i = 0; i < 20'000; ++i) b.told.done(b.path(), b.summary(end_reason::client_eof));
  const auto few = b.written().size();
  EXPECT_LT(few, 20'000U);
  EXPECT_GT(few, 0U);
  EXPECT_EQ(b.storms, 1);
  b.told.write_final_summaries();
  const auto all = b.written();
  ASSERT_EQ(all.size(), few + 1);
  EXPECT_TRUE(all.back().starts_with("relay::session INFO " + std::to_string(20'000 - few) +
                                     " more sessions ended in "))
      << all.back();
}

TEST(SessionLog, AtDebugNoSessionIsLeftOut) {
  bench b(logs::level::debug);
  for (int i = 0; i < 200; ++i) b.told.done(b.path(), b.summary(end_reason::client_eof));
  EXPECT_EQ(b.written().size(), 200U);
  EXPECT_EQ(b.storms, 0);
}

TEST(SessionLog, AnAssociationThatNobodyAnsweredSaysSo) {
  bench b(logs::level::info);
  b.told.association_done(b.path(), b.summary(end_reason::idle), 3, 0);
  b.told.association_done(b.path(), b.summary(end_reason::idle), 3, 1);
  const auto all = b.written();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0],
            "relay::session INFO 192.0.2.1:4000 => web.example:443: never answered, 3 datagrams in "
            "0 ms (on 127.0.0.1:5001)");
  EXPECT_TRUE(all[1].find("association done id=7") != std::string::npos) << all[1];
  EXPECT_TRUE(all[2].find("down_datagrams=1") != std::string::npos) << all[2];
}

TEST(SessionLog, ACallThatIsRefusedIsSaidOnce) {
  bench b;
  for (int i = 0; i < 3; ++i) b.told.call_refused("recvmmsg", "datagrams go one by one");
  EXPECT_EQ(
      b.written(),
      (lines{"realm_core::udp DEBUG [udp]recvmmsg is refused here: datagrams go one by one"}));
}

TEST(SessionLog, DatagramsThatAreLostAreAStormOfTheirOwn) {
  bench b;
  for (int i = 0; i < 3; ++i) {
    b.told.datagrams_lost(b.path(), client, "sending", refused);
    b.told.refused(b.path(), server, refused);
    b.told.datagrams_dropped(b.path(), client, "they go round");
    b.told.stranger(b.path(), server);
  }
  lines levels;
  for (const auto& each : b.written()) levels.push_back(each.substr(0, each.find('[')));
  EXPECT_EQ(levels, (lines{"realm_core::udp ERROR ", "realm_core::udp WARN ",
                           "realm_core::udp WARN ", "realm_core::udp WARN "}));
}

}  // namespace
}  // namespace relay::forward
