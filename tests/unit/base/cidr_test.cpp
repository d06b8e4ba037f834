#include <relay/base/cidr.hpp>

#include <gtest/gtest.h>

namespace relay {
namespace {

bool inside(const char* block, const char* address) {
  return cidr::parse(block)->contains(*ip_address::parse(address));
}

TEST(Cidr, PrintsTheBlockWithoutHostBits) {
  EXPECT_EQ(cidr::parse("10.1.2.3/8")->to_string(), "10.0.0.0/8");
  EXPECT_EQ(cidr::parse("10.1.2.3/9")->to_string(), "10.0.0.0/9");
  EXPECT_EQ(cidr::parse("10.255.2.3/9")->to_string(), "10.128.0.0/9");
  EXPECT_EQ(cidr::parse("10.1.2.3")->to_string(), "10.1.2.3/32");
  EXPECT_EQ(cidr::parse("fd00::1/8")->to_string(), "fd00::/8");
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

}  // namespace
}  // namespace relay
