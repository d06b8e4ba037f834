#include "support/dns_messages.hpp"

#include <relay/names/dns_message.hpp>

#include <gtest/gtest.h>

#include <random>

namespace relay::names {
namespace {

using namespace std::chrono_literals;
using kind = dns_reply::kind;
using test::bytes;
using test::dns_query;
using test::dns_response;

const dns_query question{7, "www.test", test::type_a};

dns_reply read(const dns_response& message, record_type type = record_type::a) {
  return read_reply(message.as_bytes(), type);
}

std::vector<std::string> texts(const dns_reply& reply) {
  std::vector<std::string> made;
  for (const auto& each : reply.addresses) made.push_back(each.to_string());
  return made;
}
using list = std::vector<std::string>;

void put16(bytes& to, unsigned value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

// Header, question with a root name, then one answer whose owner is given byte by byte.
bytes with_owner(const bytes& owner) {
  bytes made;
  for (const unsigned each : {7u, 0x8180u, 1u, 1u, 0u, 0u}) put16(made, each);
  made.push_back(0);
  for (const unsigned each : {1u, 1u}) put16(made, each);
  made.insert(made.end(), owner.begin(), owner.end());
  for (const unsigned each : {1u, 1u, 0u, 60u, 4u, 0x0102u, 0x0304u}) put16(made, each);
  return made;
}

TEST(DnsMessage, AddressesComeInTheirOrderWithTheSmallestTtl) {
  const auto reply = read(dns_response(question).address("192.0.2.2", 60).address("192.0.2.1", 30));
  EXPECT_EQ(reply.what, kind::found);
  EXPECT_EQ(texts(reply), (list{"192.0.2.2", "192.0.2.1"}));
  EXPECT_EQ(reply.ttl, 30s);
}

TEST(DnsMessage, Ipv6AddressesAreRead) {
  const auto reply = read(dns_response(question).address("2001:db8::1", 5), record_type::aaaa);
  EXPECT_EQ(texts(reply), (list{"2001:db8::1"}));
}

TEST(DnsMessage, RecordsOfTheOtherTypeAreIgnored) {
  const auto reply = read(dns_response(question).address("2001:db8::1", 5));
  EXPECT_EQ(reply.what, kind::no_data);
}

TEST(DnsMessage, AliasesAreFollowedInWhateverOrderTheyStand) {
  const auto reply = read(dns_response(question)
                              .address("192.0.2.1", 100, "c.test")
                              .alias("c.test", 20, "b.test")
                              .alias("b.test", 50));
  EXPECT_EQ(texts(reply), (list{"192.0.2.1"}));
  EXPECT_EQ(reply.ttl, 20s) << "an alias that expires takes the address with it";
}

TEST(DnsMessage, NamesAreComparedWithoutCase) {
  const auto reply =
      read(dns_response(question).alias("B.TEST", 50).address("192.0.2.1", 60, "b.test"));
  EXPECT_EQ(texts(reply), (list{"192.0.2.1"}));
}

TEST(DnsMessage, AddressesOfOtherNamesAreIgnored) {
  const auto reply = read(dns_response(question).address("192.0.2.66", 60, "evil.test"));
  EXPECT_EQ(reply.what, kind::no_data);
}

TEST(DnsMessage, AliasesInACircleEnd) {
  const auto reply =
      read(dns_response(question).alias("b.test", 50).alias("www.test", 50, "b.test"));
  EXPECT_EQ(reply.what, kind::no_data);
}

TEST(DnsMessage, ATtlWithTheTopBitIsZero) {
  const auto reply = read(dns_response(question).address("192.0.2.1", 0x80000001u));
  EXPECT_EQ(reply.ttl, 0s);
}

TEST(DnsMessage, NoSuchNameTakesItsTtlFromTheSoa) {
  const auto reply = read(dns_response(question, 3).soa(100, 40));
  EXPECT_EQ(reply.what, kind::no_such_name);
  EXPECT_EQ(reply.ttl, 40s);
  EXPECT_EQ(read(dns_response(question, 3).soa(10, 40)).ttl, 10s);
}

TEST(DnsMessage, ANegativeAnswerWithoutSoaHasNoTtl) {
  EXPECT_EQ(read(dns_response(question, 3)).ttl, std::nullopt);
  EXPECT_EQ(read(dns_response(question)).what, kind::no_data);
  EXPECT_EQ(read(dns_response(question)).ttl, std::nullopt);
}

TEST(DnsMessage, NoDataBehindAnAliasTakesItsTtlFromTheSoaToo) {
  const auto reply = read(dns_response(question).alias("b.test", 500).soa(300, 200));
  EXPECT_EQ(reply.what, kind::no_data);
  EXPECT_EQ(reply.ttl, 200s);
}

TEST(DnsMessage, OtherRcodesAreFailures) {
  for (const int rcode : {1, 2, 4, 5, 9}) {
    const auto reply = read(dns_response(question, rcode).address("192.0.2.1", 60));
    EXPECT_EQ(reply.what, kind::failed) << rcode;
    EXPECT_EQ(reply.ec, errc::lookup_failed);
  }
}

TEST(DnsMessage, ATruncatedAnswerIsGoodForTheAddressesItHas) {
  EXPECT_EQ(texts(read(dns_response(question).truncated().address("192.0.2.1", 9))),
            (list{"192.0.2.1"}));
  EXPECT_EQ(read(dns_response(question).truncated()).what, kind::failed);
}

TEST(DnsMessage, AnAnswerCutOffAnywhereNeverInventsAnything) {
  const auto whole = dns_response(question)
                         .alias("b.test", 50)
                         .address("192.0.2.1", 60, "b.test")
                         .address("192.0.2.2", 60, "b.test")
                         .soa(10, 10)
                         .as_bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto part = bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto reply = read_reply(part, record_type::a);
    const auto found = texts(reply);
    EXPECT_TRUE(found.empty() || found == list{"192.0.2.1"} ||
                found == (list{"192.0.2.1", "192.0.2.2"}))
        << size;
    EXPECT_NE(reply.what, kind::no_data) << "what was cut off may have held the addresses";
  }
}

TEST(DnsMessage, AQuestionIsNotAnAnswer) {
  auto message = dns_response(question).address("192.0.2.1", 60).as_bytes();
  message[2] = 0x01;
  EXPECT_EQ(read_reply(message, record_type::a).what, kind::failed);
}

TEST(DnsMessage, ThereMustBeExactlyOneQuestion) {
  for (const int count : {0, 2, 255}) {
    auto message = dns_response(question).address("192.0.2.1", 60).as_bytes();
    message[5] = static_cast<std::uint8_t>(count);
    EXPECT_EQ(read_reply(message, record_type::a).what, kind::failed) << count;
  }
}

TEST(DnsMessage, ACountLargerThanTheMessageIsACutOff) {
  auto message = dns_response(question).address("192.0.2.1", 60).as_bytes();
  message[6] = message[7] = 0xff;
  EXPECT_EQ(texts(read_reply(message, record_type::a)), (list{"192.0.2.1"}));
}

TEST(DnsMessage, AnAddressOfTheWrongLengthIsNone) {
  auto message = dns_response(question).address("192.0.2.1", 60).as_bytes();
  message[message.size() - 5] = 3;  // RDLENGTH
  message.pop_back();
  EXPECT_EQ(read_reply(message, record_type::a).what, kind::no_data);
}

TEST(DnsMessage, PointersThatDoNotLeadBackAreRefused) {
  const auto itself = static_cast<std::uint8_t>(17);  // where the owner stands
  EXPECT_EQ(read_reply(with_owner({0xc0, 12}), record_type::a).what, kind::found);
  EXPECT_EQ(read_reply(with_owner({0xc0, itself}), record_type::a).what, kind::failed);
  EXPECT_EQ(read_reply(with_owner({0xc0, 200}), record_type::a).what, kind::failed);
  EXPECT_EQ(read_reply(with_owner({0xff, 0xff}), record_type::a).what, kind::failed);
  // A label and then a pointer to that label: a circle that grows.
  EXPECT_EQ(read_reply(with_owner({1, 'a', 0xc0, itself}), record_type::a).what, kind::failed);
}

TEST(DnsMessage, ReservedLabelTypesAreRefused) {
  EXPECT_EQ(read_reply(with_owner({0x40, 0}), record_type::a).what, kind::failed);
  EXPECT_EQ(read_reply(with_owner({0x80, 0}), record_type::a).what, kind::failed);
}

TEST(DnsMessage, ANameLongerThan255BytesIsRefused) {
  bytes owner;
  for (int i = 0; i < 5; ++i) {
    owner.push_back(63);
    owner.insert(owner.end(), 63, 'x');
  }
  owner.push_back(0);
  EXPECT_EQ(read_reply(with_owner(owner), record_type::a).what, kind::failed);
}

TEST(DnsMessage, AStaircaseOfPointersEnds) {
  // Each pointer leads to the one before: backwards, but for ever.
  bytes message;
  for (const unsigned each : {7u, 0x8180u, 1u, 200u, 0u, 0u}) put16(message, each);
  message.push_back(0);
  for (const unsigned each : {1u, 1u}) put16(message, each);
  auto previous = std::size_t{12};
  for (int i = 0; i < 200; ++i) {
    const auto here = message.size();
    put16(message, 0xc000u | static_cast<unsigned>(previous));
    previous = here;
    for (const unsigned each : {1u, 1u, 0u, 60u, 4u, 0x0102u, 0x0304u}) put16(message, each);
  }
  const auto reply = read_reply(message, record_type::a);
  EXPECT_EQ(reply.addresses.size(), 64u) << "then the names need too many jumps";
}

TEST(DnsMessage, ASoaThatEndsEarlyHasNoTtl) {
  auto message = dns_response(question, 3).soa(100, 40).as_bytes();
  const auto data =
      4 * 5 + test::wire_name("ns.test").size() + test::wire_name("admin.test").size();
  const auto length_at = message.size() - data - 1;
  message[length_at] = static_cast<std::uint8_t>(data - 4);
  message.resize(message.size() - 4);
  const auto reply = read_reply(message, record_type::a);
  EXPECT_EQ(reply.what, kind::no_such_name);
  EXPECT_EQ(reply.ttl, std::nullopt);
}

TEST(DnsMessage, EveryFlippedByteIsSurvived) {
  const auto whole = dns_response(question)
                         .alias("b.test", 50)
                         .address("192.0.2.1", 60, "b.test")
                         .soa(10, 10)
                         .as_bytes();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      auto message = whole;
      message[at] = static_cast<std::uint8_t>(value);
      const auto reply = read_reply(message, record_type::a);
      EXPECT_EQ(reply.what == kind::found, !reply.addresses.empty());
    }
  }
}

TEST(DnsMessage, NoiseIsSurvived) {
  std::mt19937 random(1);
  const auto whole = dns_response(question).address("192.0.2.1", 60).soa(1, 1).as_bytes();
  for (int round = 0; round < 20000; ++round) {
    auto message = whole;
    message.resize(random() % 128);
    for (int i = 0; i < 8 && !message.empty(); ++i) {
      message[random() % message.size()] = static_cast<std::uint8_t>(random());
    }
    const auto reply = read_reply(message, record_type::aaaa);
    EXPECT_EQ(reply.what == kind::found, !reply.addresses.empty());
  }
}

}  // namespace
}  // namespace relay::names
