#include "app/control_reports.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

namespace relay::app {
namespace {

using namespace std::chrono_literals;
using json = nlohmann::ordered_json;
using health = forward::remote_state::health;

forward::endpoint_totals some() {
  forward::endpoint_totals of;
  of.name = "web";
  of.listen = "0.0.0.0:5000";
  of.remotes = {{"a:443", health::up, 3, 0ms}, {"b:443", health::aside, 0, 1500ms}};
  of.live.connections = 3;
  of.connections = 120;
  of.up_bytes = 10;
  of.down_bytes = 20;
  of.ended[static_cast<std::size_t>(forward::end_reason::client_eof)] = 117;
  of.errors = {{"connecting/connection_refused", 2}};
  return of;
}

TEST(StatusReport, HasTheProcessAndEachEndpoint) {
  process_report process;
  process.generation = 7;
  process.uptime = 1500ms;
  process.open_descriptors = 5;
  process.most_descriptors = 1024;
  process.memory = 4096;
  process.loads = {2, 1};
  process.log_level = "warn";
  const auto read = json::parse(status_report(process, {some()}, {}));
  EXPECT_EQ(read["process"].dump(),
            R"({"version":")" RELAY_VERSION R"(","pid":)" + std::to_string(::getpid()) +
                R"(,"state":"serving","generation":7,"uptime_ms":1500,)"
                R"("descriptors":{"open":5,"limit":1024},"memory_bytes":4096,)"
                R"("workers":[{"sessions":2},{"sessions":1}],"stalled_workers":0,)"
                R"("log_level":"warn"})");
  EXPECT_EQ(read["endpoints"].dump(),
            R"([{"name":"web","listen":"0.0.0.0:5000","state":"listening","remotes":[)"
            R"({"address":"a:443","health":"up","share":3},)"
            R"({"address":"b:443","health":"aside","share":0,"aside_ms":1500}],)"
            R"("connections":{"live":3,"total":120},"warm":0,"bytes":{"up":10,"down":20},)"
            R"("ends":{"client_eof":117},"errors":{"connecting/connection_refused":2}}])");
}

TEST(StatusReport, DatagramsHaveTheirOwnCounts) {
  auto of = some();
  of.streams = false;
  of.datagrams = true;
  of.live.associations = 1;
  of.associations = 4;
  of.up_datagrams = 5;
  of.lost_datagrams = 6;
  const auto read = json::parse(status_report({}, {of}, {}))["endpoints"][0];
  EXPECT_FALSE(read.contains("connections"));
  EXPECT_EQ(read["associations"].dump(), R"({"live":1,"total":4})");
  EXPECT_EQ(read["datagrams"].dump(), R"({"up":5,"down":0,"lost":6})");
}

TEST(StatusReport, WhoWasCutOffWithoutAnAnswerIsCounted) {
  auto of = some();
  EXPECT_FALSE(json::parse(status_report({}, {of}, {}))["endpoints"][0].contains("unanswered"));
  of.unanswered = 3;
  EXPECT_EQ(json::parse(status_report({}, {of}, {}))["endpoints"][0]["unanswered"], 3);
}

TEST(StatusReport, AnEndpointThatDrainsOrHasFailedSaysSo) {
  auto of = some();
  of.is_draining = true;
  process_report process;
  process.is_draining = true;
  const auto read = json::parse(
      status_report(process, {of}, {{"mail", "0.0.0.0:25", "m:25", "address already in use"}}));
  EXPECT_EQ(read["process"]["state"], "draining");
  EXPECT_EQ(read["endpoints"][0]["state"], "draining");
  EXPECT_EQ(read["endpoints"][1].dump(), R"({"name":"mail","listen":"0.0.0.0:25","state":"failed",)"
                                         R"("error":"address already in use",)"
                                         R"("remotes":[{"address":"m:25","health":"unknown"}]})");
}

TEST(SessionsReport, HasWhatIsKnownOfEach) {
  forward::session_list all;
  all.matching = 5;
  forward::session_info one;
  one.id = 42;
  one.is_open = true;
  one.client = {*ip_endpoint::parse("1.2.3.4:5"), ip_endpoint::parse("10.0.0.1:6")};
  one.listen = "0.0.0.0:5000";
  one.remote = "a:443";
  one.age = 1500ms;
  one.up_bytes = 1;
  one.down_bytes = 2;
  one.remote_tls = true;
  forward::session_info other;
  other.id = 43;
  other.is_association = true;
  other.client = {*ip_endpoint::parse("[::1]:5"), {}};
  other.up_datagrams = 3;
  all.sessions = {one, other};
  const auto read = json::parse(sessions_report(all));
  EXPECT_EQ(read["matching"], 5);
  EXPECT_EQ(read["sessions"][0].dump(),
            R"({"id":42,"kind":"tcp","state":"open","age_ms":1500,"client":"1.2.3.4:5",)"
            R"("via":"10.0.0.1:6","listen":"0.0.0.0:5000","remote":"a:443",)"
            R"("bytes":{"up":1,"down":2},"remote_tls":true})");
  EXPECT_EQ(read["sessions"][1].dump(),
            R"({"id":43,"kind":"udp","state":"connecting","age_ms":0,"client":"[::1]:5",)"
            R"("listen":"","remote":"","bytes":{"up":0,"down":0},"datagrams":{"up":3,"down":0}})");
}

TEST(ResidentBytes, AreThoseOfThisProcess) { EXPECT_GT(resident_bytes(), 1'000'000U); }

}  // namespace
}  // namespace relay::app
