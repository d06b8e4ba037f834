#include <relay/base/log.hpp>
#include <relay/forward/rule.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

struct bench {
  bench() {
    from.listen = *parse_listen("127.0.0.1:5000-5009");
    from.remote = *parse_remote("10.0.0.1:80");
    from.network.warm = 4;
  }
  std::size_t warm() {
    const rule made(from, {}, log.target("x"));
    EXPECT_EQ(made.is_warm(), made.warm > 0);
    return made.warm;
  }
  bool speaks_first() { return rule(from, layers, log.target("x")).dial.speaks_first; }

  logs log{logs::level::off, "stdout"};
  config::endpoint from;
  endpoint_layers layers;
};

TEST(Rule, KeepsConnectionsReadyWhereAllClientsGoToTheSamePort) {
  bench b;
  b.from.extra_remotes = {*parse_remote("10.0.0.2:81")};
  EXPECT_EQ(b.warm(), 4U) << "also those of a listener with a range of ports";
  b.from.network.warm = 0;
  EXPECT_EQ(b.warm(), 0U);
}

TEST(Rule, KeepsNoneReadyWhereEachPortHasARemotePortOfItsOwn) {
  bench b;
  b.from.remote = *parse_remote("10.0.0.1:8000-8009");
  EXPECT_EQ(b.warm(), 0U);
  b.from.remote = *parse_remote("10.0.0.1:80");
  b.from.extra_remotes = {*parse_remote("10.0.0.2:81"), *parse_remote("10.0.0.3:8000-8009")};
  EXPECT_EQ(b.warm(), 0U) << "one of them is enough";
}

TEST(Rule, KeepsNoneReadyWithoutTcp) {
  bench b;
  b.from.network.no_tcp = true;
  EXPECT_EQ(b.warm(), 0U);
}

TEST(Rule, ARangeOfOnePortIsAPort) {
  bench b;
  b.from.remote = *parse_remote("10.0.0.1:8000-8000");
  EXPECT_EQ(b.warm(), 4U);
}

TEST(Rule, ClientsOfTheNthPortGoToTheNthPortOfARange) {
  const remote range(*parse_remote("10.0.0.1:8000-8009"));
  EXPECT_EQ(range.port(0), 8000);
  EXPECT_EQ(range.port(9), 8009);
  const remote single(*parse_remote("10.0.0.1:80"));
  EXPECT_EQ(single.port(9), 80);
}

TEST(Rule, IsCalledByWhereItListens) {
  bench b;
  b.from.listen = *parse_listen("*:0");
  rule made(b.from, {}, b.log.target("x"));
  EXPECT_EQ(made.listen_name(), "*:0") << "as configured, until it is known";
  made.listening({*ip_address::parse("::"), 5000});
  EXPECT_EQ(made.listen_name(), "[::]:5000");
  EXPECT_EQ(made.listen_name_at(0), "[::]:5000");
  b.from.listen = *parse_listen("127.0.0.1:5000-5009");
  rule range(b.from, {}, b.log.target("x"));
  range.listening({*ip_address::parse("127.0.0.1"), 5000});
  EXPECT_EQ(range.listen_name(), "127.0.0.1:5000-5009");
  EXPECT_EQ(range.listen_name_at(3), "127.0.0.1:5003");
}

TEST(Rule, WaitsForNobodyToBeginOnAPlainEndpoint) {
  bench b;
  const rule made(b.from, {}, b.log.target("x"));
  EXPECT_FALSE(made.listen.answers_at_once) << "the remote may think for long";
  EXPECT_FALSE(made.dial.speaks_first) << "the remote may be the one to begin";
}

TEST(Rule, AnswersClientsAtOnceWhereTheyBeginWithAHandshake) {
  bench b;
  b.layers.in.ws.emplace();
  EXPECT_TRUE(rule(b.from, b.layers, b.log.target("x")).listen.answers_at_once);
  EXPECT_FALSE(b.speaks_first());
}

TEST(Rule, SpeaksFirstWhereItBeginsWithAHandshakeOrAHeader) {
  bench b;
  b.from.network.warm = 0;
  b.layers.out.ws.emplace();
  EXPECT_TRUE(b.speaks_first());
  b.from.network.send_proxy = true;
  EXPECT_TRUE(b.speaks_first());
  b.layers.out = {};
  EXPECT_TRUE(b.speaks_first());
}

TEST(Rule, AWarmConnectionIsSilentUntilItsHeaderIsKnown) {
  bench b;
  EXPECT_FALSE(b.speaks_first());
  b.layers.out.ws.emplace();
  EXPECT_TRUE(b.speaks_first());
  b.from.network.send_proxy = true;
  EXPECT_FALSE(b.speaks_first());
}

TEST(Rule, GoesOnWithWhatTheOneBeforeHasCounted) {
  bench b;
  rule before(b.from, {}, b.log.target("x"));
  ++before.count.accepted;
  before.errors.add("connecting", "refused");
  const rule after(b.from, {}, b.log.target("x"), &before);
  EXPECT_EQ(after.count.accepted, 1U);
  EXPECT_EQ(after.errors.all().size(), 1U);
  EXPECT_EQ(after.state, before.state);
}

TEST(Rule, SharesTheLimitsThatAreTheSame) {
  bench b;
  b.from.network.byte_rate = 1000;
  b.from.max_connections = 5;
  rule before(b.from, {}, b.log.target("x"));
  b.from.max_connections = 7;
  const rule same(b.from, {}, b.log.target("x"), &before);
  EXPECT_EQ(&same.limit, &before.limit) << "those who are inside count, whatever the limit is";
  EXPECT_EQ(&same.rates, &before.rates);
  b.from.network.endpoint_byte_rate = 10'000;
  b.from.listen = *parse_listen("127.0.0.1:5001");
  const rule other(b.from, {}, b.log.target("x"), &before);
  EXPECT_NE(&other.limit, &before.limit);
  EXPECT_NE(&other.rates, &before.rates);
  EXPECT_EQ(other.limit.limit(), 7U);
}

TEST(Rule, LivesAsLongAsASessionHoldsIt) {
  bench b;
  b.from.network.camouflage = *parse_remote("127.0.0.1:80");
  b.layers.in.ws.emplace();
  rule_ptr made(new rule(b.from, b.layers, b.log.target("x")));
  const std::weak_ptr<endpoint_state> state = made->state;
  {
    rule_hold held(*made);
    made.reset();
    EXPECT_FALSE(state.expired());
    held.go_to_visitors();
    EXPECT_EQ(held->visitors_of->remotes.front().name, "10.0.0.1:80");
  }
  EXPECT_TRUE(state.expired());
}

}  // namespace
}  // namespace relay::forward
