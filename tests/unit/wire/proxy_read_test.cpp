#include "unit/wire/headers.hpp"

namespace relay::wire {
namespace {

using namespace std::string_literals;
using test::binary;
using test::read;

const std::string block_v4 = "\x01\x02\x03\x04\x05\x06\x07\x08\x00\x09\xff\xff"s;
const std::string block_v6 =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
    "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x00\x00\x01\x1f\x90\x01\xbb"s;

struct golden {
  const char* section;  ///< of the specification
  std::string bytes;
  int version;
  proxy_command command;
  proxy_family family;
  proxy_transport transport;
  std::string source;  ///< empty: the addresses are not known
  std::string destination;
};

constexpr auto local = proxy_command::local;
constexpr auto proxied = proxy_command::proxy;
constexpr auto unspecified = proxy_family::unspecified;
constexpr auto inet = proxy_family::inet;
constexpr auto inet6 = proxy_family::inet6;
constexpr auto unix_path = proxy_family::unix_path;
constexpr auto any = proxy_transport::unspecified;
constexpr auto stream = proxy_transport::stream;
constexpr auto datagram = proxy_transport::datagram;

const std::vector<golden> table{
    {"2.1", "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", 1, proxied, inet, stream,
     "192.168.0.1:56324", "192.168.0.11:443"},
    {"2.1", "PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", 1, proxied, inet, stream,
     "255.255.255.255:65535", "0.0.0.0:0"},
    {"2.1", "PROXY TCP6 2001:db8::1 ::1 1 2\r\n", 1, proxied, inet6, stream, "[2001:db8::1]:1",
     "[::1]:2"},
    {"2.1", "PROXY TCP6 2001:DB8:0:0:0:0:0:1 ::ffff:10.0.0.1 1 2\r\n", 1, proxied, inet6, stream,
     "[2001:db8::1]:1", "[::ffff:10.0.0.1]:2"},
    {"2.1", "PROXY UNKNOWN\r\n", 1, proxied, unspecified, any, "", ""},
    {"2.1",
     "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
     1, proxied, unspecified, any, "", ""},
    {"2.1", "PROXY UNKNOWN \r \n \x01 whatever\r\n", 1, proxied, unspecified, any, "", ""},
    {"2.2, LOCAL", binary(0x20, 0x00, ""), 2, local, unspecified, any, "", ""},
    {"2.2, LOCAL", binary(0x20, 0x11, block_v4), 2, local, inet, stream, "", ""},
    {"2.2, LOCAL", binary(0x20, 0x21, ""), 2, local, inet6, stream, "", ""},
    {"2.2, 0x00", binary(0x21, 0x00, ""), 2, proxied, unspecified, any, "", ""},
    {"2.2, 0x00", binary(0x21, 0x00, "anything"), 2, proxied, unspecified, any, "", ""},
    {"2.2, 0x11", binary(0x21, 0x11, block_v4), 2, proxied, inet, stream, "1.2.3.4:9",
     "5.6.7.8:65535"},
    {"2.2, 0x12", binary(0x21, 0x12, block_v4), 2, proxied, inet, datagram, "1.2.3.4:9",
     "5.6.7.8:65535"},
    {"2.2, 0x21", binary(0x21, 0x21, block_v6), 2, proxied, inet6, stream, "[2001:db8::1]:8080",
     "[::ffff:10.0.0.1]:443"},
    {"2.2, 0x22", binary(0x21, 0x22, block_v6), 2, proxied, inet6, datagram, "[2001:db8::1]:8080",
     "[::ffff:10.0.0.1]:443"},
    {"2.2, 0x31", binary(0x21, 0x31, std::string(216, 'x')), 2, proxied, unix_path, stream, "", ""},
    {"2.2, 0x32", binary(0x21, 0x32, std::string(216, 0)), 2, proxied, unix_path, datagram, "", ""},
    {"2.2", binary(0x21, 0x10, block_v4), 2, proxied, inet, any, "", ""},
    {"2.2", binary(0x21, 0x01, ""), 2, proxied, unspecified, stream, "", ""},
    {"2.2.7", binary(0x21, 0x11, block_v4 + "\x01\x00\x02h2"s), 2, proxied, inet, stream,
     "1.2.3.4:9", "5.6.7.8:65535"},
    {"2.2.7", binary(0x20, 0x00, "\x04\x00\x03\x00\x00\x00"s), 2, local, unspecified, any, "", ""},
    {"2.2.7", binary(0x21, 0x21, block_v6 + std::string(65535 - 36, 't')), 2, proxied, inet6,
     stream, "[2001:db8::1]:8080", "[::ffff:10.0.0.1]:443"},
};

/// Everything but `consumed` and `skip`, whose sum is the length of the header.
void expect_header(const proxy_answer& answer, const golden& wanted) {
  const auto* got = std::get_if<proxy_header>(&answer);
  ASSERT_NE(got, nullptr);
  EXPECT_EQ(got->consumed + got->skip, wanted.bytes.size());
  EXPECT_EQ(got->version, wanted.version);
  EXPECT_EQ(got->command, wanted.command);
  EXPECT_EQ(got->family, wanted.family);
  EXPECT_EQ(got->transport, wanted.transport);
  ASSERT_EQ(got->addresses.has_value(), !wanted.source.empty());
  if (!got->addresses) return;
  EXPECT_EQ(got->addresses->source.to_string(), wanted.source);
  EXPECT_EQ(got->addresses->destination.to_string(), wanted.destination);
}

TEST(ReadProxy, KnowsEveryKindOfHeader) {
  for (const auto& each : table) {
    SCOPED_TRACE(each.section + ": "s + each.bytes.substr(0, 60));
    const auto answer = read(each.bytes);
    expect_header(answer, each);
    EXPECT_EQ(std::get<proxy_header>(answer).consumed, each.bytes.size());
    for (const auto* payload : {"x", "GET / HTTP/1.1\r\n\r\n", "\r\n", "PROXY UNKNOWN\r\n"}) {
      EXPECT_EQ(read(each.bytes + payload), answer);
    }
  }
}

TEST(ReadProxy, SaysTheSameHoweverTheBytesCome) {
  for (const auto& each : table) {
    SCOPED_TRACE(each.section + ": "s + each.bytes.substr(0, 60));
    const auto text = each.bytes + "payload";
    for (const std::size_t step : {0U, 1U, 2U, 3U, 7U, 16U, 50U}) {
      expect_header(test::read_in_pieces(text, step), each);
    }
  }
}

TEST(ReadProxy, AtEverySplitPromisesOnlyBytesOfTheHeader) {
  for (const auto& each : table) {
    SCOPED_TRACE(each.section + ": "s + each.bytes.substr(0, 60));
    const auto most = std::min(each.bytes.size(), longest_proxy_header);
    for (std::size_t size = 0; size < most; ++size) {
      const auto answer = read(std::string(each.bytes, 0, size));
      if (const auto* needs = std::get_if<proxy_needs>(&answer)) {
        EXPECT_GE(needs->more, 1U) << size;
        EXPECT_LE(size + needs->more, each.bytes.size()) << size;
      } else {
        expect_header(answer, each);  // the rest is to be skipped
        EXPECT_EQ(std::get<proxy_header>(answer).consumed, size);
      }
    }
  }
}

TEST(ReadProxy, NeverAsksToKeepWhatIsSkipped) {
  const auto most = binary(0x21, 0x21, block_v6, 65535);
  ASSERT_EQ(most.size(), 52U);
  EXPECT_EQ(read(most.substr(0, 51)), proxy_answer(proxy_needs{1}));
  const auto answer = std::get<proxy_header>(read(most));
  EXPECT_EQ(answer.consumed, 52U);
  EXPECT_EQ(answer.skip, 65535U - 36);
  EXPECT_EQ(std::get<proxy_header>(read(most + "abc")).skip, 65535U - 39);
  // Nothing of a path or of an unknown block is wanted.
  EXPECT_EQ(std::get<proxy_header>(read(binary(0x21, 0x31, "", 216))).skip, 216U);
  EXPECT_EQ(std::get<proxy_header>(read(binary(0x20, 0x00, "", 65535))).skip, 65535U);
}

TEST(ReadProxy, AsksForTheLengthFirstAndThenForTheAddresses) {
  EXPECT_EQ(read(""), proxy_answer(proxy_needs{15}));
  EXPECT_EQ(read("\r"), proxy_answer(proxy_needs{15}));
  EXPECT_EQ(read(binary(0x21, 0x11, "", 12)), proxy_answer(proxy_needs{12}));
  EXPECT_EQ(read("PROXY TCP4"), proxy_answer(proxy_needs{12}));
  EXPECT_EQ(read("PROXY TCP4 "), proxy_answer(proxy_needs{21}));
  EXPECT_EQ(read("PROXY TCP6 ::1 ::1 1 1\r"), proxy_answer(proxy_needs{1}));
}

struct hostile {
  const char* section;
  std::string bytes;
  std::size_t first_wrong;  ///< position of the byte that cannot be right
};

TEST(ReadProxy, RefusesAtTheFirstByteThatCannotBeRight) {
  const std::vector<hostile> all{
      {"2", "GET / HTTP/1.1\r\n\r\n", 0},
      {"2", "\x16\x03\x01\x02\x00"s, 0},  // TLS
      {"2", "\nPROXY UNKNOWN\r\n", 0},
      {"2.1", "POST /", 1},
      {"2.1", "PROXY\tTCP4 ", 5},
      {"2.1", "proxy TCP4", 0},
      {"2.2", "\r\n\r\n\r\n", 4},
      {"2.2", "\r\n\r\n\0\r\nQUIT\r"s, 11},
      {"2.2", "\r\n\r\n\0\r\nQUIT\n\x11\x11"s, 12},
      {"2.2", "\r\n\r\n\0\r\nQUIT\n\x31\x11"s, 12},
      {"2.2", binary(0x22, 0x11, block_v4), 12},
      {"2.2", binary(0x2f, 0x11, block_v4), 12},
      {"2.2", binary(0x21, 0x41, block_v4), 13},
      {"2.2", binary(0x21, 0xf1, block_v4), 13},
      {"2.2", binary(0x21, 0x13, block_v4), 13},
      {"2.2", binary(0x20, 0x40, ""), 13},
      {"2.2", binary(0x21, 0x11, block_v4, 11), 15},
      {"2.2", binary(0x21, 0x11, "", 0), 15},
      {"2.2", binary(0x21, 0x21, block_v6, 35), 15},
      {"2.2", binary(0x21, 0x20, block_v6, 12), 15},
      {"2.2", binary(0x21, 0x31, std::string(215, 'x')), 15},
  };
  for (const auto& each : all) {
    EXPECT_EQ(test::refused_after(each.bytes), each.first_wrong + 1) << each.bytes;
    const auto answer = read(each.bytes);
    ASSERT_TRUE(std::holds_alternative<proxy_refusal>(answer)) << each.bytes;
    EXPECT_FALSE(std::get<proxy_refusal>(answer).why.empty());
    for (const std::size_t step : {0U, 1U, 5U}) {
      EXPECT_EQ(test::read_in_pieces(each.bytes, step), answer) << each.bytes;
    }
  }
}

TEST(ReadProxy, AcceptsExactlyTheAssignedNibbles) {
  for (int command = 0; command < 256; ++command) {
    for (int kind = 0; kind < 256; ++kind) {
      const auto answer = read(binary(command, kind, std::string(216, 'a')));
      const bool good =
          command >> 4 == 2 && (command & 15) <= 1 && kind >> 4 <= 3 && (kind & 15) <= 2;
      ASSERT_EQ(std::holds_alternative<proxy_header>(answer), good) << command << ' ' << kind;
      if (!good) continue;
      const bool told =
          command == 0x21 && (kind == 0x11 || kind == 0x12 || kind == 0x21 || kind == 0x22);
      EXPECT_EQ(std::get<proxy_header>(answer).addresses.has_value(), told) << kind;
    }
  }
}

}  // namespace
}  // namespace relay::wire
