#include <relay/base/cidr.hpp>

#include <gtest/gtest.h>

#include <utility>

namespace relay {
namespace {

bool inside(const char* block, const char* address) {
  return cidr::parse(block)->contains(*ip_address::parse(address));
}

TEST(Cidr, PrintsTheBlock) {
  EXPECT_EQ(cidr::parse("10.0.0.0/8")->to_string(), "10.0.0.0/8");
  EXPECT_EQ(cidr::parse("10.128.0.0/9")->to_string(), "10.128.0.0/9");
  EXPECT_EQ(cidr::parse("10.1.2.3")->to_string(), "10.1.2.3/32");
  EXPECT_EQ(cidr::parse("fd00::/8")->to_string(), "fd00::/8");
  EXPECT_EQ(cidr::parse("::1")->to_string(), "::1/128");
  EXPECT_EQ(cidr::parse("0.0.0.0/0")->to_string(), "0.0.0.0/0");
}

TEST(Cidr, ContainsItsAddressesAndNoOthers) {
  EXPECT_TRUE(inside("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(inside("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(inside("192.168.0.128/25", "192.168.0.255"));
  EXPECT_FALSE(inside("192.168.0.128/25", "192.168.0.127"));
  EXPECT_TRUE(inside("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(inside("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(inside("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(inside("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(inside("fe80::/10", "fe80::1%4"));
}

TEST(Cidr, TakesTheClientOfADualStackListenerForIPv4) {
  EXPECT_TRUE(inside("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_FALSE(inside("10.0.0.0/8", "::ffff:11.1.2.3"));
  EXPECT_TRUE(inside("::/0", "::ffff:10.1.2.3"));
}

TEST(Cidr, RefusesWhatIsNotABlock) {
  for (const auto* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "name/8",
                           "10.0.0.0/8x", "fe80::1%2/10", "10.0.0/8"}) {
    EXPECT_FALSE(cidr::parse(text)) << text;
    EXPECT_FALSE(cidr::parse(text).wrong.empty()) << text;
  }
}

TEST(Cidr, SaysWhatWouldBeRightWhereABlockSaysTwoThings) {
  const std::pair<const char*, const char*> cases[] = {
      {"10.0.0.1/8", "`10.0.0.1/8` has bits behind its prefix; write 10.0.0.0/8"},
      {"10.255.2.3/9", "write 10.128.0.0/9"},
      {"1.2.3.4/0", "write 0.0.0.0/0"},
      {"fd00::1/8", "write fd00::/8"},
      {"2001:db8:8000::/32", "write 2001:db8::/32"},
      {"10.0.0.0/08", "`08` is not a prefix length; write 8"},
      {"fd00::/008", "write 8"},
      {"10.0.0.0/00", "write 0"},
  };
  for (const auto& [text, advice] : cases) {
    EXPECT_FALSE(cidr::parse(text)) << text;
    EXPECT_NE(cidr::parse(text).wrong.find(advice), std::string::npos) << cidr::parse(text).wrong;
  }
}

TEST(Cidr, WantsIPv4BlocksAsSuch) {
  const std::pair<const char*, const char*> cases[] = {
      {"::ffff:10.0.0.0/8",
       "`::ffff:10.0.0.0/8` is a block of IPv4 addresses in IPv6 form; write 10.0.0.0/8"},
      {"::ffff:10.0.0.0/104", "write 10.0.0.0/8"},
      {"::ffff:10.1.2.3", "write 10.1.2.3/32"},
      {"::ffff:10.1.2.3/128", "write 10.1.2.3/32"},
      {"::ffff:0:0/96", "write 0.0.0.0/0"},
      {"::ffff:10.0.0.0/64", "write the IPv4 block, as 10.0.0.0/8"},
  };
  for (const auto& [text, advice] : cases) {
    EXPECT_FALSE(cidr::parse(text)) << text;
    EXPECT_TRUE(cidr::parse(text).wrong.ends_with(advice)) << cidr::parse(text).wrong;
  }
}

}  // namespace
}  // namespace relay
