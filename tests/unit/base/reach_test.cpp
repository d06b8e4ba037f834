#include <relay/base/reach.hpp>

#include <gtest/gtest.h>

namespace relay {
namespace {

reach reached(const char* listener, const char* target, bool ipv6_only = false) {
  return reaches(*ip_address::parse(listener), ipv6_only, *ip_address::parse(target));
}

TEST(Reach, AListenerAtOneAddressIsReachedAtThatOnly) {
  EXPECT_EQ(reached("10.0.0.1", "10.0.0.1"), reach::yes);
  EXPECT_EQ(reached("10.0.0.1", "10.0.0.2"), reach::no);
  EXPECT_EQ(reached("10.0.0.1", "127.0.0.1"), reach::no);
  EXPECT_EQ(reached("127.0.0.1", "127.0.0.2"), reach::no);
  EXPECT_EQ(reached("::1", "::1"), reach::yes);
  EXPECT_EQ(reached("::1", "127.0.0.1"), reach::no);
}

TEST(Reach, AListenerAtEveryAddressDependsOnTheMachine) {
  EXPECT_EQ(reached("0.0.0.0", "127.9.9.9"), reach::yes);
  EXPECT_EQ(reached("0.0.0.0", "10.0.0.1"), reach::if_local);
  EXPECT_EQ(reached("0.0.0.0", "::1"), reach::no);
  EXPECT_EQ(reached("::", "::1"), reach::yes);
  EXPECT_EQ(reached("::", "2001:db8::1"), reach::if_local);
  EXPECT_EQ(reached("::", "127.0.0.1"), reach::yes);
  EXPECT_EQ(reached("::", "10.0.0.1"), reach::if_local);
  EXPECT_EQ(reached("::", "127.0.0.1", true), reach::no);
  EXPECT_EQ(reached("::", "::1", true), reach::yes);
}

TEST(Reach, NoAddressMeansLoopback) {
  EXPECT_EQ(reached("127.0.0.1", "0.0.0.0"), reach::yes);
  EXPECT_EQ(reached("127.0.0.2", "0.0.0.0"), reach::no);
  EXPECT_EQ(reached("::1", "::"), reach::yes);
  EXPECT_EQ(reached("::", "0.0.0.0"), reach::yes);
  EXPECT_EQ(reached("0.0.0.0", "::"), reach::no);
}

TEST(Reach, MappedAddressesAreIpv4) {
  EXPECT_EQ(reached("10.0.0.1", "::ffff:10.0.0.1"), reach::yes);
  EXPECT_EQ(reached("0.0.0.0", "::ffff:127.0.0.1"), reach::yes);
  EXPECT_EQ(reached("::", "::ffff:127.0.0.1", true), reach::no);
  EXPECT_EQ(reached("::ffff:10.0.0.1", "10.0.0.1"), reach::yes);
  EXPECT_EQ(without_mapping(*ip_address::parse("::ffff:1.2.3.4")), *ip_address::parse("1.2.3.4"));
  EXPECT_EQ(without_mapping(*ip_address::parse("::1.2.3.4")), *ip_address::parse("::1.2.3.4"));
  EXPECT_EQ(without_mapping(*ip_address::parse("1.2.3.4")), *ip_address::parse("1.2.3.4"));
}

TEST(Reach, TheScopeOfAnAddressDoesNotCount) {
  EXPECT_EQ(reached("fe80::1%2", "fe80::1%2"), reach::yes);
  EXPECT_EQ(reached("fe80::1%2", "fe80::1"), reach::yes);
}

}  // namespace
}  // namespace relay
