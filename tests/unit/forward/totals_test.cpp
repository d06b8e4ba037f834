#include <relay/base/log.hpp>
#include <relay/forward/rule.hpp>
#include <relay/forward/totals.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;

struct bench {
  bench() {
    from.listen = *parse_listen("127.0.0.1:5000");
    from.remote = *parse_remote("10.0.0.1:80");
  }
  rule_ptr make(rule* before = nullptr) { return new rule(from, {}, log.target("x"), before); }

  logs log{logs::level::off, "stdout"};
  config::endpoint from;
};

TEST(Totals, TrafficIsAddedUpFieldByField) {
  live_traffic sum{1, 2, 3, 4, 5, 6};
  sum += {10, 20, 30, 40, 50, 60};
  EXPECT_EQ(sum.connections, 11U);
  EXPECT_EQ(sum.associations, 22U);
  EXPECT_EQ(sum.up_bytes, 33U);
  EXPECT_EQ(sum.down_bytes, 44U);
  EXPECT_EQ(sum.up_datagrams, 55U);
  EXPECT_EQ(sum.down_datagrams, 66U);
}

// Counters are added to when a session ends; what goes on is on top.
TEST(Totals, BytesAreThoseOfTheEndedAndOfTheLiving) {
  bench b;
  const auto of = b.make();
  of->count.accepted = 7;
  of->count.up_bytes = 100;
  of->count.down_bytes = 200;
  of->count.up_datagrams = 3;
  const auto made = totals_of(*of, {2, 0, 10, 20, 4, 5});
  EXPECT_EQ(made.connections, 7U) << "the living have been accepted, too";
  EXPECT_EQ(made.live.connections, 2U);
  EXPECT_EQ(made.up_bytes, 110U);
  EXPECT_EQ(made.down_bytes, 220U);
  EXPECT_EQ(made.up_datagrams, 7U);
  EXPECT_EQ(made.down_datagrams, 5U);
}

TEST(Totals, WithoutAChoiceTheRemoteHasNoHealth) {
  bench b;
  const auto made = totals_of(*b.make(), {});
  ASSERT_EQ(made.remotes.size(), 1U);
  EXPECT_EQ(made.remotes[0].name, "10.0.0.1:80");
  EXPECT_EQ(made.remotes[0].is, remote_state::health::unknown);
}

TEST(Totals, EachRemoteOfSeveralHasAState) {
  bench b;
  b.from.extra_remotes = {*parse_remote("10.0.0.2:80")};
  const auto made = totals_of(*b.make(), {});
  ASSERT_EQ(made.remotes.size(), 2U);
  EXPECT_EQ(made.remotes[1].name, "10.0.0.2:80");
  EXPECT_EQ(made.remotes[0].is, remote_state::health::up);
}

TEST(Totals, VisitorsCountForTheirEndpoint) {
  bench b;
  b.from.network.camouflage = *parse_remote("10.0.0.9:80");
  endpoint_layers layers;
  layers.in.ws.emplace();
  const rule_ptr of(new rule(b.from, std::move(layers), b.log.target("x")));
  ASSERT_TRUE(of->visitors);
  of->count.accepted = 3;
  of->visitors->count.up_bytes = 40;
  const auto idle = static_cast<std::size_t>(forward::end_reason::idle);
  of->visitors->count.ended[idle] = 1;
  of->count.ended[idle] = 1;
  const auto made = totals_of(*of, {});
  EXPECT_EQ(made.connections, 3U);
  EXPECT_EQ(made.up_bytes, 40U);
  EXPECT_EQ(made.ended[idle], 2U);
}

TEST(Totals, GoOnWithTheNextRuleOfTheEndpoint) {
  bench b;
  const auto old = b.make();
  old->count.accepted = 5;
  old->errors.add("connecting", "refused");
  const auto next = b.make(old.get());
  ++next->count.accepted;
  ++old->count.accepted;  // of a session that goes by the old one
  const auto made = totals_of(*next, {});
  EXPECT_EQ(made.connections, 7U);
  ASSERT_EQ(made.errors.size(), 1U);
  EXPECT_EQ(made.errors[0].times, 1U);
}

}  // namespace
}  // namespace relay::forward
