#include <relay/base/log.hpp>
#include <relay/forward/live_endpoint.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

struct bench {
  bench() {
    from.listen = *parse_listen("127.0.0.1:5000");
    from.remote = *parse_remote("10.0.0.1:80");
    from.network.use_udp = true;
  }
  rule_ptr make() { return new rule(from, {}, log.target("x")); }
  std::optional<endpoint_lack> lack() { return find_way(*make(), from); }

  logs log{logs::level::off, "stdout"};
  config::endpoint from;
};

bound_socket at_port(std::uint16_t nth, std::size_t worker, bool datagrams) {
  return {{}, worker, nth, datagrams, true};
}

TEST(LiveEndpoint, NotesWhereItListensAndWhoServesWhat) {
  bench b;
  live_endpoint into{b.make(), {}, {}, "could not"};
  bound_endpoint bound{*ip_endpoint::parse("127.0.0.1:5000"), {}};
  bound.sockets.push_back(at_port(0, 0, false));
  bound.sockets.push_back(at_port(1, 1, true));
  std::vector<new_listener> opened;
  take_in(into, std::move(bound), opened);
  EXPECT_EQ(into.failure, "");
  EXPECT_EQ(into.at, ip_endpoint::parse("127.0.0.1:5000"));
  ASSERT_EQ(into.listeners.size(), 2U);
  EXPECT_EQ(into.listeners[1].at, *ip_endpoint::parse("127.0.0.1:5001"));
  EXPECT_EQ(into.listeners[1].worker, 1U);
  EXPECT_TRUE(into.listeners[1].datagrams);
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_EQ(opened[0].by, into.by);
  EXPECT_TRUE(into.by->listens_at);
}

TEST(LiveEndpoint, AssociationsAreSharedOutOverThoseWhoHearDatagrams) {
  bench b;
  b.from.max_associations = 100;
  const live_endpoint among{
      b.make(), {}, {{{}, false, 0, 0}, {{}, true, 0, 1}, {{}, true, 0, 2}, {{}, true, 1, 2}}, {}};
  share_associations(among);
  EXPECT_EQ(among.by->association_share, 50U);
}

TEST(LiveEndpoint, EachHasAtLeastOneAssociation) {
  bench b;
  b.from.max_associations = 1;
  live_endpoint among{b.make(), {}, {{{}, true, 0, 0}, {{}, true, 0, 1}}, {}};
  share_associations(among);
  EXPECT_EQ(among.by->association_share, 1U);
  among.listeners.clear();
  share_associations(among);
  EXPECT_EQ(among.by->association_share, 1U) << "nobody is no reason to divide by zero";
}

TEST(LiveEndpoint, OnlyListenersForDatagramsAreKnownAsOurs) {
  bench b;
  const auto at = *ip_endpoint::parse("127.0.0.1:5000");
  const auto deaf = *ip_endpoint::parse("127.0.0.1:5001");
  std::vector<live_endpoint> all;
  all.push_back({b.make(), at, {}, {}});
  all.back().by->listening(at);
  all.push_back({b.make(), {}, {}, "taken"});
  b.from.network.use_udp = false;
  const auto streams = *ip_endpoint::parse("127.0.0.1:5002");
  all.push_back({b.make(), streams, {}, {}});
  all.back().by->listening(streams);
  const auto ours = own_listeners_of(all);
  const auto* const first = all[0].by.get();
  all.clear();  // it holds its rules
  EXPECT_EQ(ours->at(at), first);
  EXPECT_EQ(ours->at(deaf), nullptr);
  EXPECT_EQ(ours->at(streams), nullptr);
}

TEST(LiveEndpoint, WhatThisMachineLacksIsSaidWithItsKey) {
  bench b;
  EXPECT_FALSE(b.lack());
  b.from.remote = *parse_remote("[fe80::1%nodevice0]:80");
  auto lack = b.lack();
  ASSERT_TRUE(lack);
  EXPECT_EQ(lack->what, code::name);
  EXPECT_NE(lack->message.find("`remote`"), std::string::npos) << lack->message;
  EXPECT_NE(lack->message.find("`nodevice0`"), std::string::npos) << lack->message;
  b.from.remote = *parse_remote("10.0.0.1:80");
  b.from.extra_remotes = {*parse_remote("10.0.0.2:80"), *parse_remote("[fe80::1%nodevice0]:80")};
  lack = b.lack();
  ASSERT_TRUE(lack);
  EXPECT_NE(lack->message.find("`extra_remotes`"), std::string::npos) << lack->message;
}

TEST(LiveEndpoint, TheAddressOfThroughIsFilledIn) {
  bench b;
  b.from.through = *parse_through("127.0.0.3:99");
  const auto of = b.make();
  EXPECT_FALSE(of->through());
  EXPECT_FALSE(find_way(*of, b.from));
  EXPECT_EQ(of->through(), ip_address::parse("127.0.0.3"));
  EXPECT_EQ(of->dial.through->port, 99);
}

}  // namespace
}  // namespace relay::forward
