#include <relay/forward/session_line.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using tenths = session_times::tenths;

struct bench {
  bench() {
    how.id = 42;
    how.client.client = {*ip_address::parse("1.2.3.4"), 5};
    how.up = 10;
    how.down = 20;
    how.lasted = 7ms;
    how.end = forward::end_reason::client_eof;
  }
  std::string line() const { return session_line(how, path); }
  bool has(const std::string& text) const { return line().find(text) != std::string::npos; }

  session_summary how;
  path_text path{"0.0.0.0:5000", "", "a:443"};
};

const error_code refused{ECONNREFUSED, boost::system::system_category()};

TEST(SessionLine, TellsFromWhereToWhereHowMuchAndHowLong) {
  bench b;
  b.how.times.connect = tenths(12);
  b.how.times.first_byte = tenths(34);
  EXPECT_EQ(b.line(),
            "session done id=42 client=1.2.3.4:5 listen=0.0.0.0:5000 remote=a:443 up=10 down=20 "
            "ms=7 connect_ms=1.2 first_byte_ms=3.4 end=client_eof");
}

TEST(SessionLine, NamesTheEndpointBehindWhereItListens) {
  bench b;
  b.path.name = "web";
  EXPECT_TRUE(b.has(" listen=0.0.0.0:5000 name=web remote=a:443 ")) << b.line();
}

TEST(SessionLine, WhatWasNotMeasuredIsAbsent) {
  const bench b;
  EXPECT_FALSE(b.has("connect_ms"));
  EXPECT_FALSE(b.has("first_byte_ms"));
  EXPECT_FALSE(b.has("waited_ms"));
  EXPECT_FALSE(b.has("warm"));
}

TEST(SessionLine, AConnectionThatWasReadyHasNoConnectTime) {
  bench b;
  b.how.times.is_warm = true;
  b.how.times.first_byte = tenths(0);
  EXPECT_TRUE(b.has(" ms=7 warm=yes first_byte_ms=0.0 end="));
}

TEST(SessionLine, AClientThatWaitedForAPlaceIsTold) {
  bench b;
  b.how.times.waited = 1500ms;
  b.how.times.connect = tenths(10005);
  EXPECT_TRUE(b.has(" ms=7 waited_ms=1500 connect_ms=1000.5 end="));
}

TEST(SessionLine, HeadersVisitorsLossesAndErrorsHaveTheirWords) {
  bench b;
  b.how.client.via = ip_endpoint{*ip_address::parse("::1"), 6};
  b.how.is_visitor = b.how.has_lost = true;
  b.how.error = refused;
  b.how.end = forward::end_reason::connect_failed;
  EXPECT_TRUE(b.has(" client=1.2.3.4:5 via=[::1]:6 listen="));
  EXPECT_TRUE(b.has(" remote=a:443 route=camouflage up="));
  EXPECT_TRUE(b.line().ends_with(" end=connect_failed lost=yes error=\"connection refused\""));
}

TEST(SessionLine, WhatAPeerHasSaidSaysMoreAndBreaksNothing) {
  bench b;
  b.how.error = refused;
  b.how.detail = "the answer is \"404 Not\nFound\"";
  EXPECT_TRUE(b.line().ends_with(" error=\"the answer is '404 Not?Found'\""));
}

TEST(AssociationLine, CountsDatagramsToo) {
  bench b;
  b.how.end = forward::end_reason::idle;
  EXPECT_EQ(association_line(b.how, {"0.0.0.0:53", "", "a:53"}, 1, 2),
            "association done id=42 client=1.2.3.4:5 listen=0.0.0.0:53 remote=a:53 up=10 down=20 "
            "up_datagrams=1 down_datagrams=2 ms=7 end=idle");
}

}  // namespace
}  // namespace relay::forward
