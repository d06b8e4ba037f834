#include <relay/names/lookup_plan.hpp>

#include <gtest/gtest.h>

namespace relay::names {
namespace {

using namespace std::chrono_literals;
using config::dns_mode;
using kind = dns_reply::kind;
using questions = std::vector<lookup_plan::question>;

const auto v4 = *ip_address::parse("192.0.2.1");
const auto v6 = *ip_address::parse("2001:db8::1");
constexpr auto a = record_type::a;
constexpr auto aaaa = record_type::aaaa;

dns_reply found(const ip_address& one, std::chrono::seconds ttl = 60s) {
  return {kind::found, {one}, ttl, {}};
}
dns_reply no_data(std::optional<std::chrono::seconds> ttl = 30s) {
  return {kind::no_data, {}, ttl, {}};
}
dns_reply gone(std::optional<std::chrono::seconds> ttl = 30s) {
  return {kind::no_such_name, {}, ttl, {}};
}
dns_reply failed(errc why = errc::lookup_failed) {
  return dns_reply::failure(make_error_code(why));
}

lookup_plan plan(dns_mode mode, std::vector<std::string> names = {"n"}) {
  return lookup_plan(mode, std::move(names));
}

TEST(LookupPlan, OneFamilyOnlyAsksForThat) {
  auto v4_only = plan(dns_mode::ipv4_only);
  EXPECT_EQ(v4_only.next(), (questions{{"n", a}}));
  EXPECT_TRUE(v4_only.next().empty()) << "each question once";
  v4_only.answered(a, found(v4));
  ASSERT_TRUE(v4_only.outcome());
  EXPECT_EQ(v4_only.outcome()->found, std::vector{v4});
  auto v6_only = plan(dns_mode::ipv6_only);
  EXPECT_EQ(v6_only.next(), (questions{{"n", aaaa}}));
  v6_only.answered(aaaa, no_data());
  EXPECT_EQ(v6_only.outcome()->ec, errc::no_address);
  EXPECT_EQ(v6_only.outcome()->ttl, 30s);
}

TEST(LookupPlan, BothFamiliesAreAskedAtOnceAndIpv4ComesFirst) {
  auto both = plan(dns_mode::ipv4_and_ipv6);
  EXPECT_EQ(both.next(), (questions{{"n", a}, {"n", aaaa}}));
  both.answered(aaaa, found(v6, 20s));
  EXPECT_FALSE(both.outcome());
  EXPECT_TRUE(both.could_settle());
  both.answered(a, found(v4, 90s));
  ASSERT_TRUE(both.outcome());
  EXPECT_EQ(both.outcome()->found, (std::vector{v4, v6}));
  EXPECT_EQ(both.outcome()->ttl, 20s);
  EXPECT_FALSE(both.outcome()->partial);
}

TEST(LookupPlan, OneOfBothFailingIsTolerated) {
  auto both = plan(dns_mode::ipv4_and_ipv6);
  both.next();
  both.answered(a, failed());
  EXPECT_FALSE(both.could_settle());
  both.answered(aaaa, found(v6));
  EXPECT_EQ(both.outcome()->found, std::vector{v6});
  EXPECT_TRUE(both.outcome()->partial);
}

TEST(LookupPlan, AFamilyThatDoesNotExistIsNoLack) {
  auto both = plan(dns_mode::ipv4_and_ipv6);
  both.next();
  both.answered(a, found(v4));
  both.answered(aaaa, no_data(1s));
  EXPECT_FALSE(both.outcome()->partial);
  EXPECT_EQ(both.outcome()->ttl, 60s);
}

TEST(LookupPlan, TheSecondFamilyIsAskedOnlyWhenTheFirstHasNothing) {
  auto first = plan(dns_mode::ipv4_then_ipv6);
  EXPECT_EQ(first.next(), (questions{{"n", a}}));
  first.answered(a, found(v4));
  ASSERT_TRUE(first.outcome());
  EXPECT_TRUE(first.next().empty());
  EXPECT_FALSE(first.outcome()->partial);

  auto second = plan(dns_mode::ipv6_then_ipv4);
  EXPECT_EQ(second.next(), (questions{{"n", aaaa}}));
  second.answered(aaaa, no_data());
  EXPECT_FALSE(second.outcome());
  EXPECT_EQ(second.next(), (questions{{"n", a}}));
  second.answered(a, found(v4));
  EXPECT_EQ(second.outcome()->found, std::vector{v4});
  EXPECT_FALSE(second.outcome()->partial);
}

TEST(LookupPlan, TheSecondFamilyIsAskedWhenTheFirstFails) {
  auto one = plan(dns_mode::ipv4_then_ipv6);
  one.next();
  one.answered(a, failed());
  EXPECT_EQ(one.next(), (questions{{"n", aaaa}}));
  one.answered(aaaa, found(v6));
  EXPECT_EQ(one.outcome()->found, std::vector{v6});
  EXPECT_TRUE(one.outcome()->partial) << "the preferred family is worth another try soon";
}

TEST(LookupPlan, NobodyKnowsTheName) {
  auto both = plan(dns_mode::ipv4_and_ipv6);
  both.next();
  both.answered(a, gone(50s));
  both.answered(aaaa, gone(40s));
  EXPECT_EQ(both.outcome()->ec, errc::no_such_name);
  EXPECT_EQ(both.outcome()->ttl, 40s);
}

TEST(LookupPlan, NegativeWithoutTtlIsNotForKeeping) {
  auto both = plan(dns_mode::ipv4_and_ipv6);
  both.next();
  both.answered(a, gone(50s));
  both.answered(aaaa, gone(std::nullopt));
  EXPECT_EQ(both.outcome()->ttl, std::nullopt);
}

TEST(LookupPlan, AFailureLeavesOpenWhetherTheNameExists) {
  auto both = plan(dns_mode::ipv4_and_ipv6);
  both.next();
  both.answered(a, no_data());
  both.answered(aaaa, failed());
  EXPECT_EQ(both.outcome()->ec, errc::lookup_failed);
  EXPECT_EQ(both.outcome()->ttl, std::nullopt);
}

TEST(LookupPlan, TheSearchListIsTriedInOrderUntilOneHasAddresses) {
  auto search = plan(dns_mode::ipv4_and_ipv6, {"n.one", "n.two", "n"});
  EXPECT_EQ(search.next(), (questions{{"n.one", a}, {"n.one", aaaa}}));
  search.answered(a, gone());
  EXPECT_TRUE(search.next().empty()) << "both families of one candidate before the next";
  search.answered(aaaa, gone());
  EXPECT_EQ(search.next(), (questions{{"n.two", a}, {"n.two", aaaa}}));
  search.answered(aaaa, no_data());
  search.answered(a, found(v4));
  EXPECT_EQ(search.outcome()->found, std::vector{v4});
}

TEST(LookupPlan, TheSearchListEndsWithTheBestOfItsErrors) {
  auto search = plan(dns_mode::ipv4_only, {"n.one", "n"});
  search.next();
  search.answered(a, no_data(90s));
  search.next();
  search.answered(a, gone(20s));
  EXPECT_EQ(search.outcome()->ec, errc::no_address) << "one of them exists";
  EXPECT_EQ(search.outcome()->ttl, 20s);
}

TEST(LookupPlan, TheSearchListGoesOnAfterARefusalButNotAfterSilence) {
  auto refused = plan(dns_mode::ipv4_only, {"n.one", "n"});
  refused.next();
  refused.answered(a, failed());
  EXPECT_EQ(refused.next(), (questions{{"n", a}}));
  refused.answered(a, gone());
  EXPECT_EQ(refused.outcome()->ec, errc::lookup_failed);

  auto silent = plan(dns_mode::ipv4_only, {"n.one", "n"});
  silent.next();
  silent.answered(a, failed(errc::timed_out));
  ASSERT_TRUE(silent.outcome());
  EXPECT_EQ(silent.outcome()->ec, errc::timed_out);
}

TEST(LookupPlan, SettlingTakesWhatIsThere) {
  auto both = plan(dns_mode::ipv4_and_ipv6);
  both.next();
  EXPECT_EQ(both.settle(make_error_code(errc::timed_out)).ec, errc::timed_out);
  both.answered(a, found(v4));
  const auto half = both.settle(make_error_code(errc::timed_out));
  EXPECT_EQ(half.found, std::vector{v4});
  EXPECT_TRUE(half.partial);
}

TEST(LookupPlan, AnswersToQuestionsNotAskedAreIgnored) {
  auto one = plan(dns_mode::ipv4_then_ipv6);
  one.next();
  one.answered(aaaa, found(v6));
  EXPECT_FALSE(one.outcome());
  one.answered(a, found(v4));
  one.answered(a, gone());
  EXPECT_EQ(one.outcome()->found, std::vector{v4});
}

TEST(LookupPlan, KnownAddressesAreArrangedByMode) {
  const std::vector known{v6, v4};
  EXPECT_EQ(arrange(known, dns_mode::ipv4_only), std::vector{v4});
  EXPECT_EQ(arrange(known, dns_mode::ipv6_only), std::vector{v6});
  EXPECT_EQ(arrange(known, dns_mode::ipv4_then_ipv6), std::vector{v4});
  EXPECT_EQ(arrange(known, dns_mode::ipv6_then_ipv4), std::vector{v6});
  EXPECT_EQ(arrange(known, dns_mode::ipv4_and_ipv6), (std::vector{v4, v6}));
  EXPECT_EQ(arrange({v6}, dns_mode::ipv4_then_ipv6), std::vector{v6});
  EXPECT_TRUE(arrange({v6}, dns_mode::ipv4_only).empty());
}

const auto null4 = *ip_address::parse("0.0.0.0");
const auto null6 = *ip_address::parse("::");

TEST(LookupPlan, ZerosAreNoAddress) {
  auto blocked = plan(dns_mode::ipv4_and_ipv6);
  blocked.next();
  blocked.answered(a, found(null4, 50s));
  blocked.answered(aaaa, found(null6, 70s));
  ASSERT_TRUE(blocked.outcome());
  EXPECT_TRUE(blocked.outcome()->found.empty());
  EXPECT_EQ(blocked.outcome()->ec, errc::null_address);
  EXPECT_EQ(blocked.outcome()->ttl, 50s) << "held as long as it was said to hold";
}

TEST(LookupPlan, ZerosDoNotHideAnAddress) {
  auto then = plan(dns_mode::ipv4_then_ipv6);
  then.next();
  then.answered(a, found(null4));
  EXPECT_EQ(then.next(), (questions{{"n", aaaa}}));
  then.answered(aaaa, found(v6));
  EXPECT_EQ(then.outcome()->found, std::vector{v6});

  auto among = plan(dns_mode::ipv4_only);
  among.next();
  among.answered(a, {kind::found, {null4, v4}, 60s, {}});
  EXPECT_EQ(among.outcome()->found, std::vector{v4});
}

TEST(LookupPlan, AfterZerosTheSearchGoesOn) {
  auto search = plan(dns_mode::ipv4_only, {"n.one", "n"});
  search.next();
  search.answered(a, found(null4));
  EXPECT_EQ(search.next(), (questions{{"n", a}}));
  search.answered(a, gone());
  EXPECT_EQ(search.outcome()->ec, errc::null_address);
}

}  // namespace
}  // namespace relay::names
