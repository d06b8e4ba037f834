#include <relay/base/ip.hpp>

#include <gtest/gtest.h>

#include <utility>

namespace relay {
namespace {

TEST(IpAddress, ParsesAndPrintsBothFamilies) {
  for (const auto* text :
       {"1.2.3.4", "255.255.255.255", "::1", "::", "fe80::1%7", "2001:db8::ff"}) {
    const auto address = ip_address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
}

// RFC 5952, section 5: dots where an IPv4 address is known to be inside, and only there.
TEST(IpAddress, WritesDotsForMappedAddressesOnly) {
  const std::pair<const char*, const char*> cases[] = {
      {"::1.2.3.4", "::102:304"},
      {"::0.1.0.0", "::1:0"},
      {"::255.255.0.1", "::ffff:1"},
      {"::0.0.1.2", "::102"},
      {"::", "::"},
      {"::1", "::1"},
      {"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
      {"::ffff:0:0", "::ffff:0.0.0.0"},
      {"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
      {"::1:102:304", "::1:102:304"},
  };
  for (const auto& [given, written] : cases) {
    const auto address = *ip_address::parse(given);
    EXPECT_EQ(address.to_string(), written);
    EXPECT_EQ(ip_address::parse(address.to_string()), address);
  }
}

TEST(IpAddress, RefusesWhatIsNotAnAddress) {
  for (const auto* text : {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "::1%", "::1%eth0", "1.2.3.4%1",
                           "[::1]", "localhost", "1.2.3.4 "}) {
    EXPECT_FALSE(ip_address::parse(text)) << text;
  }
  EXPECT_FALSE(ip_address::parse(std::string_view("1.2.3.4\0x", 9)));
  EXPECT_FALSE(ip_address::parse(std::string_view("::1\0x", 5)));
}

TEST(IpAddress, KnowsUnspecifiedAndLoopback) {
  EXPECT_TRUE(ip_address().is_unspecified());
  EXPECT_TRUE(ip_address::parse("::")->is_unspecified());
  EXPECT_FALSE(ip_address::parse("::1")->is_unspecified());
  EXPECT_TRUE(ip_address::parse("127.9.9.9")->is_loopback());
  EXPECT_TRUE(ip_address::parse("::1")->is_loopback());
  EXPECT_FALSE(ip_address::parse("1::1")->is_loopback());
}

TEST(IpAddress, KnowsWhatMeansNoAddress) {
  for (const auto* text : {"0.0.0.0", "::", "::ffff:0.0.0.0"}) {
    EXPECT_TRUE(ip_address::parse(text)->is_null()) << text;
  }
  for (const auto* text : {"0.0.0.1", "1.0.0.0", "::1", "::ffff:0.0.0.1",
                           "64:ff9b::", "1::", "::1:0.0.0.0", "::ff00:0:0"}) {
    EXPECT_FALSE(ip_address::parse(text)->is_null()) << text;
  }
}

TEST(IpEndpoint, NeedsBracketsExactlyForIPv6) {
  EXPECT_EQ(ip_endpoint::parse("1.2.3.4:65535")->to_string(), "1.2.3.4:65535");
  EXPECT_EQ(ip_endpoint::parse("[::1]:0")->to_string(), "[::1]:0");
  for (const auto* text : {"1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "::1:80",
                           "[1.2.3.4]:80", "[]:80", ":80", "1.2.3.4:80x"}) {
    EXPECT_FALSE(ip_endpoint::parse(text)) << text;
  }
}

TEST(SocketAddress, ComesBackAsTheSameEndpoint) {
  for (const auto* text : {"1.2.3.4:5", "[2001:db8::1]:65535", "[fe80::1%3]:80"}) {
    const auto endpoint = *ip_endpoint::parse(text);
    EXPECT_EQ(socket_address(endpoint).endpoint(), endpoint) << text;
  }
  EXPECT_EQ(socket_address().endpoint(), ip_endpoint{});
}

}  // namespace
}  // namespace relay
