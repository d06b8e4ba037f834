#include "unit/wire/headers.hpp"

#include <array>
#include <random>

namespace relay::wire {
namespace {

using test::read;

bool is_header(const std::string& text) { return std::holds_alternative<proxy_header>(read(text)); }
bool is_refused(const std::string& text) {
  return std::holds_alternative<proxy_refusal>(read(text));
}

/// Everything here is section 2.1 of the specification.
TEST(ProxyLine, RefusesAtTheFirstByteThatCannotBeRight) {
  struct hostile {
    std::string good;  ///< right so far
    std::string bad;   ///< the first byte of this is wrong
  };
  const std::vector<hostile> all{
      {"PROXY U", "DP4 1.1.1.1"},
      {"PROXY ", "tcp4 1.1.1.1"},
      {"PROXY ", " TCP4 1.1.1.1"},
      {"PROXY TCP", "5 1.1.1.1"},
      {"PROXY TCP4", "\t1.1.1.1"},
      {"PROXY UN", "IX\r\n"},
      {"PROXY TCP4 ", " 1.1.1.1"},
      {"PROXY TCP4 ", "::1 ::1 1 1\r\n"},
      {"PROXY TCP4 ", "a.b.c.d"},
      {"PROXY TCP4 1.1.1.1", ":80"},
      {"PROXY TCP4 25", "6.1.1.1"},
      {"PROXY TCP4 0", "1.1.1.1"},
      {"PROXY TCP4 1.", ".1.1"},
      {"PROXY TCP4 1.1.1.1", ".1"},
      {"PROXY TCP4 1.1.1", " 1.1.1.1"},
      {"PROXY TCP4 1.1.1.1 ", "\r\n"},
      {"PROXY TCP4 1.1.1.1 1.1.1.1 ", "-1"},
      {"PROXY TCP4 1.1.1.1 1.1.1.1 ", " 1"},
      {"PROXY TCP4 1.1.1.1 1.1.1.1 0", "1 2\r\n"},
      {"PROXY TCP4 1.1.1.1 1.1.1.1 0", "0 2\r\n"},
      {"PROXY TCP4 1.1.1.1 1.1.1.1 6553", "6 2\r\n"},
      {"PROXY TCP4 1.1.1.1 1.1.1.1 9999", "9"},
      {"PROXY TCP4 1.1.1.1 1.1.1.1 1", "\r\n"},
      {"PROXY TCP4 1.1.1.1 1.1.1.1 1 2", " \r\n"},
      {"PROXY TCP4 1.1.1.1 1.1.1.1 1 2", "\n"},
      {"PROXY TCP4 1.1.1.1 1.1.1.1 1 2\r", "\r\n"},
      {"PROXY TCP4 1.1.1.1 1.1.1.1 1 ", "\r\n"},
      {"PROXY TCP6 ", "[::1]"},
      {"PROXY TCP6 fe80::1", "%2 ::1 1 1\r\n"},
      {"PROXY TCP6 1234", "5"},
      {"PROXY TCP6 1::2", "g"},
      {"PROXY TCP6 1::2:", ":3"},
      {"PROXY TCP6 :", "1"},
      {"PROXY TCP6 1:2:3:4:5:6:7:8", ":"},
      {"PROXY TCP6 1:2:3:4:5:6:7:8", "::"},
      {"PROXY TCP6 1:2:3:4:5:6:7", " "},
      {"PROXY TCP6 1::2:3:4:5:6:7", ":8"},
      {"PROXY TCP6 1:2:3:4:5:10", ".0.0.1"},
      {"PROXY TCP6 ::ffff:1.2.3", " "},
      {"PROXY TCP6 ::ffff:1.2.3.4", ":5"},
      {"PROXY TCP6 1", ".2.3.4"},
  };
  for (const auto& each : all) {
    const auto text = each.good + each.bad;
    EXPECT_EQ(test::refused_after(text), each.good.size() + 1) << each.good << '|' << each.bad;
    // The same when all of it comes at once, and a blank ends what was wrong.
    for (const auto* rest : {"", " ", " 1.1.1.1 1 1\r\n", " ::1 1 1\r\n"}) {
      const auto answer = read(text + rest);
      ASSERT_TRUE(std::holds_alternative<proxy_refusal>(answer)) << text << rest;
      EXPECT_EQ(test::read_in_pieces(text + rest, 1), answer) << text << rest;
    }
  }
}

TEST(ProxyLine, MayHave107BytesAndNotOneMore) {
  const auto of_size = [](std::size_t size) {
    return "PROXY UNKNOWN " + std::string(size - 16, 'x') + "\r\n";
  };
  EXPECT_TRUE(is_header(of_size(107)));
  EXPECT_EQ(std::get<proxy_header>(read(of_size(107))).consumed, 107U);
  EXPECT_TRUE(is_refused(of_size(108)));
  EXPECT_EQ(test::refused_after(of_size(108)), 106U) << "the CR has not come in time";
  EXPECT_EQ(test::refused_after("PROXY UNKNOWN " + std::string(91, 'x') + "\rx\r\n"), 107U);
  for (const std::size_t step : {0U, 1U, 2U, 3U, 106U, 107U}) {
    EXPECT_EQ(test::read_in_pieces(of_size(107) + "payload", step), read(of_size(107)));
    EXPECT_EQ(test::read_in_pieces(of_size(120), step), read(of_size(120)));
  }
}

TEST(ProxyLine, DoesNotTakeAddressesThatMakeItTooLong) {
  const std::string longest = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255";
  for (const auto* ports : {" 65535 65535\r\n", " 655x5 1\r\n"}) {
    const auto text = "PROXY TCP6 " + longest + ' ' + longest + ports;
    EXPECT_EQ(test::refused_after(text), 106U);
    EXPECT_EQ(test::read_in_pieces(text, 1), read(text)) << "the reason is the first one";
  }
}

TEST(ProxyLine, TakesEveryPortAndNothingElse) {
  const std::string start = "PROXY TCP4 1.1.1.1 2.2.2.2 ";
  for (int port = 0; port <= 65535; port += port < 300 || port > 65000 ? 1 : 97) {
    const auto text = start + std::to_string(port) + ' ' + std::to_string(65535 - port) + "\r\n";
    const auto answer = read(text);
    ASSERT_TRUE(std::holds_alternative<proxy_header>(answer)) << text;
    const auto& got = *std::get<proxy_header>(answer).addresses;
    EXPECT_EQ(got.source.port, port);
    EXPECT_EQ(got.destination.port, 65535 - port);
  }
  for (const auto* port : {"", "00", "01", "+1", "1e1", "0x1", "65536", "70000", "100000", "1 "}) {
    EXPECT_TRUE(is_refused(start + port + " 1\r\n")) << port;
    EXPECT_TRUE(is_refused(start + "1 " + port + "\r\n")) << port;
  }
}

/// A reader that refuses early must know what an address may begin with. It is checked against the
/// parser of whole addresses: what is refused has no ending, what is not refused has one.
class AddressPrefixes : public testing::Test {
 protected:
  static std::string random_text(std::mt19937& random, std::string_view alphabet) {
    std::string made;
    for (auto left = random() % 24; left > 0; --left) made += alphabet[random() % alphabet.size()];
    return made;
  }

  static bool has_ending(const std::string& text, bool v6) {
    for (const auto* end :
         {"", "0", ":", "::", ":0", ".0", ".0.0", ".0.0.0", "0.0", "0.0.0", "0.0.0.0",
          ":0:0:0:0:0:0", ":0:0:0:0:0", ":0:0:0:0", ":0:0:0", ":0:0", "0::", "0:0"}) {
      const auto made = ip_address::parse(text + end);
      if (made && made->is_v6() == v6) return true;
    }
    return false;
  }

  static void check(const std::string& text, bool v6) {
    const std::string start = v6 ? "PROXY TCP6 " : "PROXY TCP4 ";
    for (std::size_t size = 0; size <= text.size(); ++size) {
      const auto prefix = text.substr(0, size);
      const bool refused = is_refused(start + prefix);
      ASSERT_EQ(refused, !has_ending(prefix, v6)) << prefix;
      const auto whole = ip_address::parse(prefix);
      ASSERT_EQ(is_header(start + prefix + ' ' + (v6 ? "::" : "0.0.0.0") + " 1 1\r\n"),
                whole && whole->is_v6() == v6)
          << prefix;
      if (refused) return;  // so is whatever is longer
    }
  }
};

TEST_F(AddressPrefixes, OfIPv4AreRefusedExactlyWhenThereIsNoEnding) {
  std::mt19937 random(4);
  for (int round = 0; round < 4000; ++round) check(random_text(random, "0125..9"), false);
  for (const auto* text : {"255.255.255.255", "0.0.0.0", "10.20.30.40", "192.168.1.1", "256.1.1.1",
                           "1.1.1.1.1", "1..1", ".1", "00.0.0.0"}) {
    check(text, false);
  }
}

TEST_F(AddressPrefixes, OfIPv6AreRefusedExactlyWhenThereIsNoEnding) {
  std::mt19937 random(6);
  for (int round = 0; round < 4000; ++round) check(random_text(random, "0a1::2:."), true);
  for (const auto* text : {"::",
                           "::1",
                           "1::",
                           "1:2:3:4:5:6:7:8",
                           "1:2:3:4:5:6:7::",
                           "::2:3:4:5:6:7:8",
                           "1::3:4:5:6:7:8",
                           "1:2:3:4:5:6:1.2.3.4",
                           "1::3:4:5:6:1.2.3.4",
                           "::1.2.3.4",
                           "::2:3:4:5:6:1.2.3.4",
                           "1:2:3:4:5:6:7:8:9",
                           "::1:2:3:4:5:6:7:8",
                           "FFFF::abcd",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "12345::",
                           ":::",
                           "1::2::3",
                           "::ffff:256.1.1.1",
                           "g::"}) {
    check(text, true);
  }
}

}  // namespace
}  // namespace relay::wire
