#include <relay/forward/proxy_policy.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

ip_address ip(const std::string& text) { return *ip_address::parse(text); }

TEST(ProxyPolicy, WithoutAListEverybodyIsTrusted) {
  const proxy_policy made({});
  EXPECT_TRUE(made.trusts(ip("203.0.113.7")));
  EXPECT_FALSE(made.accepts);
  EXPECT_EQ(made.sends, 0) << "whatever the version";
}

TEST(ProxyPolicy, TrustsWhoIsInAnyBlock) {
  config::network from;
  for (const auto* text : {"10.0.0.0/8", "2001:db8::/32", "192.0.2.1"})
    from.trusted_proxies.push_back(*config::parse_address_block(text));
  const proxy_policy made(from);
  for (const auto* text : {"10.200.0.1", "2001:db8:ffff::1", "192.0.2.1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(made.trusts(ip(text))) << text;
  }
  for (const auto* text : {"11.0.0.1", "2001:db9::1", "192.0.2.2", "::ffff:11.0.0.1"}) {
    EXPECT_FALSE(made.trusts(ip(text))) << text;
  }
}

TEST(ProxyPolicy, SendsTheVersionThatIsWanted) {
  config::network from;
  from.send_proxy = true;
  EXPECT_EQ(proxy_policy(from).sends, 2);
  from.send_proxy_version = 1;
  EXPECT_EQ(proxy_policy(from).sends, 1);
}

TEST(ProxyPolicy, ARefusedSenderIsNewOnce) {
  proxy_policy made({});
  EXPECT_TRUE(made.is_new(ip("192.0.2.1")));
  EXPECT_FALSE(made.is_new(ip("192.0.2.1")));
  EXPECT_TRUE(made.is_new(ip("192.0.2.2")));
}

TEST(ProxyPolicy, RemembersOnlySoManySenders) {
  proxy_policy made({});
  for (std::size_t i = 0; i < proxy_policy::most_known; ++i) {
    EXPECT_TRUE(made.is_new(ip("10.0." + std::to_string(i / 256) + '.' + std::to_string(i % 256))));
  }
  EXPECT_FALSE(made.is_new(ip("192.0.2.1"))) << "there is no room to remember it";
}

}  // namespace
}  // namespace relay::forward
