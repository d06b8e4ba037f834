#include "app/status_line.hpp"

#include <gtest/gtest.h>

namespace relay::app {
namespace {

using forward::end_reason;

forward::endpoint_totals some() {
  forward::endpoint_totals of;
  of.listen = "0.0.0.0:5000";
  of.remote = "a:443";
  of.live.connections = 3;
  of.connections = 120;
  of.up_bytes = 10;
  of.down_bytes = 20;
  return of;
}

TEST(StatusLine, HasWhatIsAndWhatWas) {
  EXPECT_EQ(status_line(some()),
            "endpoint 0.0.0.0:5000 remote=a:443 connections=3 total=120 up=10 down=20");
}

TEST(StatusLine, AnEndpointWithANameIsCalledByIt) {
  auto of = some();
  of.name = "web";
  EXPECT_TRUE(status_line(of).starts_with("endpoint 0.0.0.0:5000 name=web remote=a:443 "));
  of.name = "my \"web\"";
  EXPECT_TRUE(status_line(of).starts_with("endpoint 0.0.0.0:5000 name=\"my 'web'\" remote="))
      << status_line(of);
}

TEST(StatusLine, EndsAndErrorsAreCountedByTheirReasons) {
  auto of = some();
  of.ended[static_cast<std::size_t>(end_reason::connect_failed)] = 3;
  of.ended[static_cast<std::size_t>(end_reason::client_eof)] = 114;
  of.errors = {{"connecting/connection_refused", 2}, {"connecting/timed_out", 1}};
  const auto line = status_line(of);
  EXPECT_TRUE(
      line.ends_with(" down=20 ends=client_eof:114,connect_failed:3 "
                     "errors=connecting/connection_refused:2,connecting/timed_out:1"))
      << line;
}

TEST(StatusLine, WhoWasCutOffWithoutAnAnswerIsCounted) {
  auto of = some();
  EXPECT_EQ(status_line(of).find("unanswered"), std::string::npos) << "nobody was";
  of.unanswered = 3;
  EXPECT_NE(status_line(of).find(" down=20 unanswered=3"), std::string::npos) << status_line(of);
}

TEST(StatusLine, AnEndpointOfDatagramsHasItsOwnWords) {
  auto of = some();
  of.streams = false;
  of.datagrams = true;
  of.live.associations = 2;
  of.associations = 9;
  of.up_datagrams = 5;
  of.down_datagrams = 4;
  of.lost_datagrams = 1;
  EXPECT_EQ(status_line(of),
            "endpoint 0.0.0.0:5000 remote=a:443 associations=2 associations_total=9 up=10 down=20 "
            "up_datagrams=5 down_datagrams=4 lost_datagrams=1");
}

}  // namespace
}  // namespace relay::app
