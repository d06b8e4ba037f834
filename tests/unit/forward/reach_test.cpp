#include "forward/reach.hpp"

#include <relay/base/log.hpp>
#include <relay/forward/rule.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(Shorter, OfTwoLimitsZeroIsNone) {
  EXPECT_EQ(shorter(2s, 3s), 2s);
  EXPECT_EQ(shorter(3s, 2s), 2s);
  EXPECT_EQ(shorter(0s, 3s), 3s);
  EXPECT_EQ(shorter(3s, 0s), 3s);
  EXPECT_EQ(shorter(0s, 0s), 0s) << "no limit at all";
}

TEST(LeftOf, IsWhatALimitHasLeft) {
  const steady_clock::time_point begun(100s);
  EXPECT_EQ(left_of(10s, begun, begun), 10s);
  EXPECT_EQ(left_of(10s, begun, begun + 4s), 6s);
  EXPECT_EQ(left_of(10s, begun, begun + 9999ms), 1ms);
}

TEST(LeftOf, NothingIsNoTimeAndZeroIsNoLimit) {
  const steady_clock::time_point begun(100s);
  EXPECT_EQ(left_of(10s, begun, begun + 10s), std::nullopt) << "never zero, which would be none";
  EXPECT_EQ(left_of(10s, begun, begun + 11s), std::nullopt);
  EXPECT_EQ(left_of(0s, begun, begun + 1h), milliseconds(0));
}

TEST(LeftOf, AFractionOfAMillisecondIsGivenAway) {
  const steady_clock::time_point begun(100s);
  EXPECT_EQ(left_of(10ms, begun, begun + 9999us), 1ms);
}

struct bench {
  bench() {
    from.listen = *parse_listen("127.0.0.1:5000");
    from.remote = *parse_remote("10.0.0.1:80");
    from.network.tcp_timeout = 5s;
  }
  std::optional<milliseconds> time(const char* to, std::optional<milliseconds> left) {
    rule by(from, {}, log.target("x"));
    by.listening(*ip_endpoint::parse("127.0.0.1:5000"));
    return connect_time(by, *ip_endpoint::parse(to), left, made);
  }

  logs log{logs::level::off, "stdout"};
  config::endpoint from;
  step_outcome made;
};

TEST(ConnectTime, IsTheShorterOfItsOwnLimitAndWhatIsLeft) {
  bench b;
  EXPECT_EQ(b.time("10.0.0.1:80", 60s), 5s);
  EXPECT_EQ(b.time("10.0.0.1:80", 2s), 2s);
  EXPECT_EQ(b.time("10.0.0.1:80", 0s), 5s) << "without a `connect_limit`";
  EXPECT_FALSE(b.made.ec);
  EXPECT_EQ(b.made.at, *ip_endpoint::parse("10.0.0.1:80"));
  b.from.network.tcp_timeout = 0s;
  EXPECT_EQ(b.time("10.0.0.1:80", 0s), 0s) << "as long as the kernel tries";
}

TEST(ConnectTime, OfNoTimeIsATimeoutThatIsNotTheRemotesFault) {
  bench b;
  EXPECT_EQ(b.time("10.0.0.1:80", std::nullopt), std::nullopt);
  EXPECT_EQ(b.made.ec, errc::timed_out);
  EXPECT_TRUE(b.made.cut_short);
}

TEST(ConnectTime, OfOurOwnListenerIsNone) {
  bench b;
  EXPECT_EQ(b.time("127.0.0.1:5000", 60s), std::nullopt);
  EXPECT_EQ(b.made.ec, errc::own_listener);
  EXPECT_EQ(b.made.why, forward::end_reason::loop);
  EXPECT_TRUE(b.time("127.0.0.1:5001", 60s)) << "another port";
}

}  // namespace
}  // namespace relay::forward
