#include <relay/names/server_trouble.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace relay::names {
namespace {

using namespace std::chrono_literals;
using kind = server_report::kind;

struct bench {
  std::string told(const std::string& server, kind what, error_code ec = {}) {
    return trouble.line_for({*ip_endpoint::parse(server), what, ec}, servers, now).value_or("");
  }

  server_trouble trouble;
  std::size_t servers = 2;
  server_trouble::time_point now{1h};
};

const std::string one = "192.0.2.1:53";
const std::string other = "[2001:db8::2]:53";

TEST(ServerTrouble, IsToldOnceAndSoIsItsEnd) {
  bench b;
  EXPECT_EQ(b.told(one, kind::answered), "") << "nothing was wrong";
  EXPECT_EQ(b.told(one, kind::silent),
            "name server 192.0.2.1:53: no answer; the next one is asked");
  b.now += 100s;
  EXPECT_EQ(b.told(one, kind::silent), "") << "that is known";
  b.now += 1500ms;
  EXPECT_EQ(b.told(one, kind::answered), "name server 192.0.2.1:53 answers again, after 102 s");
  EXPECT_EQ(b.told(one, kind::answered), "");
}

TEST(ServerTrouble, SaysWhatHappened) {
  bench b;
  const error_code refused{ECONNREFUSED, boost::system::system_category()};
  EXPECT_EQ(b.told(one, kind::failed, refused),
            "name server 192.0.2.1:53: connection refused; the next one is asked");
  EXPECT_EQ(b.told(other, kind::refused),
            "name server [2001:db8::2]:53: it refuses to answer (REFUSED); the next one is asked");
}

TEST(ServerTrouble, OfTheOnlyServerOtherThingsFollow) {
  bench b;
  b.servers = 1;
  EXPECT_EQ(b.told(one, kind::silent),
            "name server 192.0.2.1:53: no answer; there is no other one; names keep the addresses "
            "that are known, others cannot be looked up until it answers");
}

TEST(ServerTrouble, AServerThatComesAndGoesHasTwoLinesAWindow) {
  bench b;
  int lines = 0;
  for (int i = 0; i < 60; ++i) {
    lines += b.told(one, kind::silent).empty() ? 0 : 1;
    lines += b.told(one, kind::answered).empty() ? 0 : 1;
    b.now += 1s;
  }
  EXPECT_EQ(lines, 2);
  EXPECT_NE(b.told(one, kind::silent), "") << "the window is over";
  EXPECT_NE(b.told(other, kind::silent), "") << "each server for itself";
}

TEST(ServerTrouble, OneThatBeganSilentlyIsToldWhenItLasts) {
  bench b;
  b.told(one, kind::silent);
  b.told(one, kind::answered);
  b.now += 10s;
  EXPECT_EQ(b.told(one, kind::silent), "");
  b.now += 50s;
  EXPECT_NE(b.told(one, kind::silent), "");
}

}  // namespace
}  // namespace relay::names
