#include <relay/wire/tls_record.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace relay::wire {
namespace {

tls_beginning read(std::string_view bytes) {
  return read_tls_beginning(std::as_bytes(std::span(bytes)));
}

constexpr tls_beginning undecided{};
constexpr tls_beginning alien{tls_begin::alien, 0};

TEST(TlsRecord, AHelloIsARecordOfItsLength) {
  const std::string hello("\x16\x03\x01\x02\x00\x01", 6);
  for (std::size_t size = 0; size < tls_header_bytes; ++size) {
    EXPECT_EQ(read(hello.substr(0, size)), undecided) << size;
  }
  for (std::size_t size = tls_header_bytes; size <= hello.size(); ++size) {
    EXPECT_EQ(read(hello.substr(0, size)), (tls_beginning{tls_begin::record, 517})) << size;
  }
}

TEST(TlsRecord, TextIsKnownByItsFirstByte) {
  for (const auto* text : {"GET / HTTP/1.1\r\n", "SSH-2.0-x\r\n", "\n", "PROXY TCP4", "G"}) {
    EXPECT_EQ(read(text), alien) << text;
  }
}

TEST(TlsRecord, EveryFirstByteIsJudged) {
  for (unsigned first = 0; first < 256; ++first) {
    const bool may_be = first >= 20 && first <= 23;
    EXPECT_EQ(read(std::string(1, static_cast<char>(first))), may_be ? undecided : alien) << first;
  }
}

TEST(TlsRecord, VersionsOfAnotherKindAreNone) {
  EXPECT_EQ(read(std::string("\x16\x02", 2)), alien);
  EXPECT_EQ(read(std::string("\x80\x2e\x01\x03\x01", 5)), alien) << "a hello of SSL 2";
  EXPECT_EQ(read(std::string("\x16\x03\x04\x00\x05", 5)).what, tls_begin::record);
}

TEST(TlsRecord, LengthsThatCannotBeAreNone) {
  EXPECT_EQ(read(std::string("\x16\x03\x01\x00\x00", 5)), alien);
  EXPECT_EQ(read(std::string("\x16\x03\x01\x48\x00", 5)).wanted, 5U + 18432U);
  EXPECT_EQ(read(std::string("\x16\x03\x01\x48\x01", 5)), alien);
}

}  // namespace
}  // namespace relay::wire
