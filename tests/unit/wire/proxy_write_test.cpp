#include "unit/wire/headers.hpp"

#include <random>

namespace relay::wire {
namespace {

using namespace std::string_literals;
using test::text_of;

ip_endpoint at(const char* text) { return ip_endpoint::parse(text).value(); }
proxy_addresses from_to(const char* source, const char* destination) {
  return {at(source), at(destination)};
}
const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

TEST(WriteProxy, Version1IsALine) {  // section 2.1
  EXPECT_EQ(text_of(write_proxy_v1(from_to("192.168.0.1:56324", "192.168.0.11:443"))),
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n");
  EXPECT_EQ(text_of(write_proxy_v1(from_to("[2001:DB8:0:0::1]:1", "[::]:0"))),
            "PROXY TCP6 2001:db8::1 :: 1 0\r\n");
}

TEST(WriteProxy, Version2HasTwelveOrThirtySixBytesOfAddresses) {  // section 2.2
  EXPECT_EQ(text_of(write_proxy_v2(from_to("1.2.3.4:9", "5.6.7.8:65535"))),
            signature + "\x21\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x09\xff\xff"s);
  EXPECT_EQ(text_of(write_proxy_v2(from_to("[2001:db8::1]:8080", "[::ffff:10.0.0.1]:443"))),
            signature +
                "\x21\x21\x00\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
                "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x00\x00\x01\x1f\x90\x01\xbb"s);
}

TEST(WriteProxy, Version2SaysWhenItIsAboutDatagrams) {  // section 2.2, 0x12 and 0x22
  const auto v4 =
      text_of(write_proxy_v2(from_to("1.1.1.1:1", "2.2.2.2:2"), proxy_transport::datagram));
  const auto v6 = text_of(write_proxy_v2(from_to("[::1]:1", "[::2]:2"), proxy_transport::datagram));
  EXPECT_EQ(v4.substr(12, 4), "\x21\x12\x00\x0c"s);
  EXPECT_EQ(v6.substr(12, 4), "\x21\x22\x00\x24"s);
}

TEST(WriteProxy, AnUnknownDestinationIsTheUnspecifiedAddressOfTheSameFamily) {
  EXPECT_EQ(only_source(at("1.2.3.4:5")), from_to("1.2.3.4:5", "0.0.0.0:0"));
  EXPECT_EQ(only_source(at("[::1]:5")), from_to("[::1]:5", "[::]:0"));
  EXPECT_EQ(text_of(write_proxy_v1(only_source(at("1.2.3.4:5")))),
            "PROXY TCP4 1.2.3.4 0.0.0.0 5 0\r\n");
}

TEST(WriteProxy, AnIPv4ClientOfADualStackListenerIsSentAsIPv6) {
  const auto client = only_source(at("[::ffff:1.2.3.4]:5"));
  EXPECT_EQ(text_of(write_proxy_v1(client)), "PROXY TCP6 ::ffff:1.2.3.4 :: 5 0\r\n");
  EXPECT_EQ(text_of(write_proxy_v2(client)).substr(12, 4), "\x21\x21\x00\x24"s);
}

TEST(WriteProxy, MixedFamiliesAreSentAsIPv6) {
  EXPECT_EQ(text_of(write_proxy_v1(from_to("1.2.3.4:5", "[::1]:6"))),
            "PROXY TCP6 ::ffff:1.2.3.4 ::1 5 6\r\n");
  EXPECT_EQ(text_of(write_proxy_v1(from_to("[::1]:5", "1.2.3.4:6"))),
            "PROXY TCP6 ::1 ::ffff:1.2.3.4 5 6\r\n");
  EXPECT_EQ(write_proxy_v2(from_to("1.2.3.4:5", "[::1]:6")).span().size(), 52U);
}

TEST(WriteProxy, AScopeStaysAtHome) {
  const auto client = from_to("[fe80::1%2]:5", "[fe80::2%3]:6");
  EXPECT_EQ(text_of(write_proxy_v1(client)), "PROXY TCP6 fe80::1 fe80::2 5 6\r\n");
  EXPECT_EQ(text_of(write_proxy_v2(client)).size(), 52U);
}

TEST(WriteProxy, TheLongestLineFits) {
  const char* longest = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535";
  EXPECT_EQ(write_proxy_v1(from_to(longest, longest)).span().size(), 104U);
}

ip_endpoint random_endpoint(std::mt19937& random, bool v6) {
  std::array<std::uint8_t, 16> bytes{};
  // Many zeros, so that addresses are compressed in every place.
  for (auto& each : bytes) {
    each = random() % 2 == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(random());
  }
  const auto port = static_cast<std::uint16_t>(random());
  if (v6) return {ip_address::v6(bytes), port};
  return {ip_address::v4(std::span(bytes).first<4>()), port};
}

TEST(WriteProxy, ReadsBackToTheSame) {
  std::mt19937 random(8);
  for (int round = 0; round < 2000; ++round) {
    const bool v6 = random() % 2 == 0;
    const proxy_addresses told{random_endpoint(random, v6), random_endpoint(random, v6)};
    for (const auto as : {proxy_transport::stream, proxy_transport::datagram}) {
      const auto second = text_of(write_proxy_v2(told, as));
      const auto read =
          std::get<proxy_header>(test::read_in_pieces(second + "x", 1 + random() % 60));
      EXPECT_EQ(read.addresses, told);
      EXPECT_EQ(read.transport, as);
      EXPECT_EQ(read.consumed, second.size());
    }
    const auto first = text_of(write_proxy_v1(told));
    const auto read = std::get<proxy_header>(test::read_in_pieces(first + "x", 1 + random() % 60));
    EXPECT_EQ(read.addresses, told) << first;
    EXPECT_EQ(read.consumed, first.size());
  }
}

}  // namespace
}  // namespace relay::wire
