#include <relay/base/log.hpp>
#include <relay/forward/rule.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

struct bench {
  bench() : log(logs::level::off, "stdout") {
    from.listen = *parse_listen("127.0.0.1:5000");
    from.remote = *parse_remote("10.0.0.1:80");
  }
  bool speaks_first() { return rule(from, layers, log.target("x")).dial.speaks_first; }

  logs log;
  config::endpoint from;
  endpoint_layers layers;
};

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
  b.layers.out.ws.emplace();
  EXPECT_TRUE(b.speaks_first());
  b.from.network.send_proxy = true;
  EXPECT_TRUE(b.speaks_first());
  b.layers.out = {};
  EXPECT_TRUE(b.speaks_first());
}

TEST(Rule, AWarmConnectionIsSilentUntilItsHeaderIsKnown) {
  bench b;
  b.from.network.warm = 1;
  EXPECT_FALSE(b.speaks_first());
  b.layers.out.ws.emplace();
  EXPECT_TRUE(b.speaks_first());
  b.from.network.send_proxy = true;
  EXPECT_FALSE(b.speaks_first());
}

}  // namespace
}  // namespace relay::forward
