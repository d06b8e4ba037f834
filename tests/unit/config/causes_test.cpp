// One mistake is one message: the cause, and not what follows from it.
#include "unit/config/loading.hpp"

#include <utility>

namespace relay::config {
namespace {

using test::brief;
using test::load;
using test::problems_of;
using test::with_endpoint;

const std::string pair = "listen = \"127.0.0.1:1\"\nremote = \"b:2\"\n";

struct row {
  std::string text;
  std::string told;
};

TEST(Causes, AreErrorsWhereSomethingIsMissingBecauseOfThem) {
  const std::vector<row> rows{
      {"[[endpoints]]\nlisten = \"127.0.0.1:1\"\nremot = \"b:2\"\n",
       "t:3:1: error: unknown key `remot` in `endpoints`\n"},
      {"[[endpoints]]\nbind = \"127.0.0.1:1\"\ntarget = \"b:2\"\n",
       "t:2:1: error: unknown key `bind` in `endpoints`\n"
       "t:3:1: error: unknown key `target` in `endpoints`\n"},
      {"[[endpoint]]\n" + pair, "t:1:3: error: unknown key `endpoint`\n"},
      {"[[Endpoints]]\n" + pair, "t:1:3: error: unknown key `Endpoints`\n"},
      {pair, "t:1:1: error: unknown key `listen`\nt:2:1: error: unknown key `remote`\n"},
      {"{\"endpoint\": [{\"listen\": \"127.0.0.1:1\", \"remote\": \"b:2\"}]}",
       "t:1:2: error: unknown key `endpoint`\n"},
      {"{\"endpoints\": [{\"listen\": \"127.0.0.1:1\", \"Remote\": \"b:2\"}]}",
       "t:1:42: error: unknown key `Remote` in `endpoints`\n"},
      {"[network]\nuse_udp = true\n[[endpoints]]\nlisten = \"127.0.0.1:1\"\nremote = \"b\"\n",
       "t:5:10: error: `remote`: `b` has no port; write b:PORT\n"},
      {with_endpoint("network.no_tcp = true\nnetwork.use_udp = \"true\"\n"),
       "t:5:19: error: `use_udp` takes true or false, not a text\n"},
      {with_endpoint("network.no_tcp = true\nnetwork.udp = true\n"),
       "t:5:9: error: unknown key `udp` in `network`\n"},
      {with_endpoint("extra_remotes = [\"c\"]\nbalance = \"roundrobin: 1, 2\"\n"),
       "t:4:18: error: `extra_remotes`: `c` has no port; write c:PORT\n"},
  };
  for (const auto& each : rows) EXPECT_EQ(brief(problems_of(each.text)), each.told) << each.text;
}

TEST(Causes, AreWarningsWhereNothingIsMissing) {
  const std::vector<row> rows{
      {with_endpoint("network.udp = true\nnetwork.udp_strangers = \"drop\"\n"),
       "t:4:9: warning: unknown key `udp` in `network`\n"},
      {with_endpoint("network.acept_proxy = true\nnetwork.trusted_proxies = [\"10.0.0.1\"]\n"),
       "t:4:9: warning: unknown key `acept_proxy` in `network`\n"},
      {with_endpoint("[process]\nusr = \"a\"\ngroup = \"b\"\n"),
       "t:5:1: warning: unknown key `usr` in `process`\n"},
  };
  for (const auto& each : rows) EXPECT_EQ(brief(load(each.text).warnings), each.told) << each.text;
}

TEST(Causes, WhatHasNoneIsToldAsBefore) {
  EXPECT_EQ(brief(problems_of("[[endpoints]]\nlisten = \"127.0.0.1:1\"\nqqq = 1\n")),
            "t:1:1: error: this endpoint has no `remote`\n"
            "t:3:1: warning: unknown key `qqq` in `endpoints`\n");
  EXPECT_EQ(brief(problems_of("[log]\nlevel = \"info\"\n")),
            "t:1:1: error: there are no `endpoints`\n");
  EXPECT_EQ(brief(problems_of(with_endpoint("network.no_tcp = true\n"))),
            "t:4:18: error: `no_tcp` without `use_udp`: 127.0.0.1:1 would serve nothing\n");
}

// realm takes such a configuration, and so does relay under its name.
TEST(Causes, AreNoErrorsOfRealm) {
  overrides forced;
  forced.rules = dialect::realm;
  const auto made = load(with_endpoint("network.no_tcp = true\nnetwork.udp = true\n"), forced);
  EXPECT_EQ(made.warnings.size(), 2U) << brief(made.warnings);
}

TEST(Causes, AreFoundAmongVeryManyKeysWithoutWaiting) {
  std::string text = "[[endpoints]]\nlisten = \"127.0.0.1:1\"\n";
  for (int i = 0; i < 20000; ++i) text += "key" + std::to_string(i) + " = 1\n";
  EXPECT_EQ(problems_of(text).front().message, "this endpoint has no `remote`");
}

}  // namespace
}  // namespace relay::config
