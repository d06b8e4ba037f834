#include "app/control_print.hpp"

#include <gtest/gtest.h>

namespace relay::app {
namespace {

TEST(PrintedStatus, IsABlockForTheProcessAndOneForEachEndpoint) {
  EXPECT_EQ(
      printed_answer(command::status,
                     R"({"process":{"version":"1.2.3","pid":7,"state":"serving","generation":2,
      "uptime_ms":8130000,"descriptors":{"open":34,"limit":1024},"memory_bytes":12300000,
      "workers":[{"sessions":2},{"sessions":1}],"stalled_workers":0,"log_level":"warn"},
      "endpoints":[{"name":"web","listen":"0.0.0.0:5000","state":"listening","remotes":[
      {"address":"a:443","health":"up","share":1},
      {"address":"b:443","health":"aside","share":0,"aside_ms":3200}],
      "connections":{"live":3,"total":120},"warm":2,"bytes":{"up":999,"down":9120441},
      "ends":{"client_eof":113,"idle":4},"errors":{"connecting/timed_out":1}}]})"),
      "relay 1.2.3, process 7, serving, up 2 h 15 min, generation 2\n"
      "2 workers, 34 of 1024 descriptors, 12.3 MB of memory, log level warn\n"
      "\n"
      "endpoint 0.0.0.0:5000 (web): listening\n"
      "  remotes      a:443 up, b:443 aside for 3.2 s\n"
      "  connections  3 now, 120 in all\n"
      "  warm         2\n"
      "  bytes        up 999 B, down 9.1 MB\n"
      "  ends         client_eof 113, idle 4\n"
      "  errors       connecting/timed_out 1\n");
}

TEST(PrintedStatus, AnEndpointThatHasFailedSaysWhy) {
  const auto text = printed_answer(
      command::status,
      R"({"process":{"stalled_workers":1,"workers":[{},{}]},"endpoints":[{"listen":":80",
      "state":"failed","error":"in use","remotes":[{"address":"a:1","health":"unknown"}]}]})");
  EXPECT_NE(text.find("2 workers (1 do not turn)"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\nendpoint :80: failed\n  error        in use\n  remotes      a:1\n"))
      << text;
}

TEST(PrintedSessions, AreATable) {
  EXPECT_EQ(printed_answer(command::sessions, R"({"matching":0,"sessions":[]})"), "no sessions\n");
  EXPECT_EQ(printed_answer(command::sessions, R"({"matching":3,"sessions":[
      {"id":9,"kind":"tcp","state":"open","age_ms":1500,"client":"1.2.3.4:5","via":"10.0.0.1:6",
      "listen":":80","remote":"a:1","bytes":{"up":1,"down":2000},"client_tls":true},
      {"id":10,"kind":"udp","state":"open","age_ms":90061000,"client":"[::1]:5","listen":":53",
      "remote":"b:53","bytes":{"up":1,"down":2}}]})"),
            "ID  KIND     STATE      AGE  CLIENT                    LISTEN  REMOTE   UP    DOWN\n"
            " 9  tcp+tls  open     1.5 s  1.2.3.4:5 via 10.0.0.1:6  :80     a:1     1 B  2.0 kB\n"
            "10  udp      open   1 d 1 h  [::1]:5                   :53     b:53    1 B     2 B\n"
            "1 more match; --filter makes them fewer\n");
}

TEST(PrintedAnswer, OfTheOthersIsTheirText) {
  EXPECT_EQ(printed_answer(command::kill, R"({"text":"session 7 is ended"})"),
            "session 7 is ended\n");
  EXPECT_EQ(printed_answer(command::plan, R"({"text":"a\nb\n","changes":2})"), "a\nb\n");
}

TEST(PrintedAnswer, WhatIsNotUnderstoodIsShownAsItIs) {
  EXPECT_EQ(printed_answer(command::status, "7"), "7\n");
  EXPECT_EQ(printed_answer(command::kill, R"({"a":1})"), "{\"a\":1}\n");
  EXPECT_NE(printed_answer(command::status, "{}"), "");
  EXPECT_NE(printed_answer(command::status, R"({"process":[],"endpoints":7})"), "");
  EXPECT_NE(printed_answer(command::sessions, R"({"sessions":[7,"a"],"matching":-1})"), "");
}

}  // namespace
}  // namespace relay::app
