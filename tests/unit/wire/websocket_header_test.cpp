#include "support/websocket_frames.hpp"
#include "unit/wire/headers.hpp"

#include <relay/wire/websocket.hpp>

namespace relay::wire {
namespace {

using namespace std::string_literals;
using test::bytes;
using test::text_of;

constexpr auto client = ws_role::client;
constexpr auto server = ws_role::server;

ws_header_answer read_header(std::string_view text) {
  // A copy of its own, so that a sanitizer sees every byte that is read beyond.
  const std::string part(text);
  return read_ws_header(bytes(part));
}

ws_header header(ws_opcode opcode, std::uint64_t length, std::size_t size) {
  ws_header made;
  made.opcode = opcode;
  made.length = length;
  made.size = size;
  return made;
}

// Spec 9.2, "data sent" and "length forms": the shortest form that holds the length.
TEST(WsHeader, IsWrittenAsTheReferenceWritesIt) {
  const std::tuple<std::uint64_t, ws_role, std::string> golden[] = {
      {0, server, "\x82\x00"s},
      {1, server, "\x82\x01"s},
      {125, server, "\x82\x7d"s},
      {126, server, "\x82\x7e\x00\x7e"s},
      {8192, server, "\x82\x7e\x20\x00"s},
      {65535, server, "\x82\x7e\xff\xff"s},
      {65536, server, "\x82\x7f\0\0\0\0\0\x01\0\0"s},
      {0x0102030405060708, server, "\x82\x7f\x01\x02\x03\x04\x05\x06\x07\x08"s},
      {0, client, "\x82\x80\0\0\0\0"s},
      {125, client, "\x82\xfd\0\0\0\0"s},
      {126, client, "\x82\xfe\x00\x7e\0\0\0\0"s},
      {65536, client, "\x82\xff\0\0\0\0\0\x01\0\0\0\0\0\0"s},
  };
  for (const auto& [length, role, expected] : golden) {
    const ws_header_bytes made(ws_opcode::binary, length, role);
    EXPECT_EQ(text_of(made.span()), expected) << length;
    EXPECT_EQ(made.size(), expected.size());
    auto read_back = header(ws_opcode::binary, length, expected.size());
    read_back.is_masked = role == client;
    EXPECT_EQ(read_header(expected), ws_header_answer(read_back)) << length;
  }
}

TEST(WsHeader, OfControlFramesCarriesTheirKind) {
  EXPECT_EQ(text_of(ws_header_bytes(ws_opcode::pong, 5, server).span()), "\x8a\x05");
  EXPECT_EQ(text_of(ws_header_bytes(ws_opcode::close, 0, client).span()), "\x88\x80\0\0\0\0"s);
  EXPECT_EQ(read_header("\x89\x7d"), ws_header_answer(header(ws_opcode::ping, 125, 2)));
  EXPECT_EQ(read_header("\x88\x02"), ws_header_answer(header(ws_opcode::close, 2, 2)));
}

// RFC 6455 section 5.7.
TEST(WsHeader, ReadsTheExamplesOfTheStandard) {
  EXPECT_EQ(read_header("\x81\x05Hello"), ws_header_answer(header(ws_opcode::text, 5, 2)));
  EXPECT_EQ(read_header("\x8a\x05Hello"), ws_header_answer(header(ws_opcode::pong, 5, 2)));
  EXPECT_EQ(read_header("\x82\x7e\x01\x00"s), ws_header_answer(header(ws_opcode::binary, 256, 4)));
  EXPECT_EQ(read_header("\x82\x7f\0\0\0\0\0\x01\0\0"s),
            ws_header_answer(header(ws_opcode::binary, 65536, 10)));
  const auto answer = read_header("\x82\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  const auto* masked = std::get_if<ws_header>(&answer);
  ASSERT_TRUE(masked);
  EXPECT_EQ(masked->size, 6U);
  EXPECT_EQ(masked->length, 5U);
  std::string payload = "\x7f\x9f\x4d\x51\x58";
  ws_unmask(std::as_writable_bytes(std::span(payload)), masked->key);
  EXPECT_EQ(payload, "Hello");
}

// Spec 9.2, "length forms": a length need not be in its shortest form.
TEST(WsHeader, TakesLongFormsOfShortLengths) {
  EXPECT_EQ(read_header("\x02\x7e\x00\x05"s), [] {
    auto expected = header(ws_opcode::binary, 5, 4);
    expected.is_final = false;
    return ws_header_answer(expected);
  }());
  EXPECT_EQ(read_header("\x80\x7f\0\0\0\0\0\0\0\0"s),
            ws_header_answer(header(ws_opcode::continuation, 0, 10)));
}

// RFC 6455, 5.2 and 5.5: long or cut control frames, RSV bits and unknown opcodes are errors.
TEST(WsHeader, RefusesAtTheFirstByteThatCannotBeRight) {
  const std::tuple<std::string, ws_errc, std::size_t> cases[] = {
      {"\xc2\x00"s, ws_errc::reserved_bits, 1},
      {"\xa2\x00"s, ws_errc::reserved_bits, 1},
      {"\x92\x00"s, ws_errc::reserved_bits, 1},
      {"\x83\x00"s, ws_errc::unknown_opcode, 1},
      {"\x07\x00"s, ws_errc::unknown_opcode, 1},
      {"\x8b\x00"s, ws_errc::unknown_opcode, 1},
      {"\x8f\x00"s, ws_errc::unknown_opcode, 1},
      {"\x09\x00"s, ws_errc::fragmented_control, 1},
      {"\x08\x00"s, ws_errc::fragmented_control, 1},
      {"\x0a\x00"s, ws_errc::fragmented_control, 1},
      {"\x89\x7e\x00\x7e"s, ws_errc::long_control, 2},
      {"\x88\xff"s, ws_errc::long_control, 2},
      {"\x8a\xfe"s, ws_errc::long_control, 2},
      {"\x82\x7f\x80\0\0\0\0\0\0\0"s, ws_errc::long_frame, 3},
  };
  for (const auto& [text, why, after] : cases) {
    for (std::size_t size = 0; size <= text.size(); ++size) {
      const auto answer = read_header(text.substr(0, size));
      const auto* refused = std::get_if<ws_errc>(&answer);
      EXPECT_EQ(refused != nullptr, size >= after) << error_code(why).message() << ", " << size;
      EXPECT_TRUE(refused == nullptr || *refused == why);
    }
  }
}

TEST(WsHeader, AsksOnlyForBytesOfItsOwn) {
  std::mt19937 noise(1);
  relay::test::random_frames frames(noise, client);
  for (int round = 0; round < 500; ++round) {
    const auto frame = frames.next(70000);
    const auto text = frame.bytes();
    const auto whole = read_header(text);
    const auto size = text.size() - frame.payload.size();
    ASSERT_TRUE(std::holds_alternative<ws_header>(whole));
    EXPECT_EQ(std::get<ws_header>(whole).size, size);
    EXPECT_EQ(std::get<ws_header>(whole).length, frame.payload.size());
    EXPECT_EQ(std::get<ws_header>(whole).is_final, (frame.first & 0x80) != 0);
    for (std::size_t seen = 0; seen < size; ++seen) {
      const auto answer = read_header(text.substr(0, seen));
      const auto* needs = std::get_if<ws_needs>(&answer);
      ASSERT_TRUE(needs);
      EXPECT_GE(needs->more, 1U);
      EXPECT_LE(seen + needs->more, size);
    }
    EXPECT_EQ(read_header(text.substr(0, size)), whole);
  }
}

TEST(WsUnmask, EqualsAByteLoopFromAnyPhase) {
  std::mt19937 noise(2);
  for (std::size_t size = 0; size < 70; ++size) {
    for (std::size_t cut = 0; cut <= size; ++cut) {
      const auto plain = relay::test::random_bytes(noise, size);
      const auto key = relay::test::random_bytes(noise, 4);
      auto masked = plain;
      for (std::size_t i = 0; i < size; ++i) masked[i] = static_cast<char>(masked[i] ^ key[i % 4]);
      std::uint32_t turned = 0;
      std::memcpy(&turned, key.data(), 4);
      const auto data = std::as_writable_bytes(std::span(masked));
      turned = ws_unmask(data.first(cut), turned);
      turned = ws_unmask(data.subspan(cut), turned);
      ASSERT_EQ(masked, plain) << size << " bytes, cut at " << cut;
    }
  }
}

TEST(WsErrors, HaveTextsOfTheirOwn) {
  std::vector<std::string> texts;
  for (int code = 1; code <= static_cast<int>(ws_errc::no_pong); ++code) {
    const error_code ec = static_cast<ws_errc>(code);
    EXPECT_NE(ec.message().find("WebSocket"), std::string::npos);
    EXPECT_EQ(std::ranges::count(texts, ec.message()), 0);
    texts.push_back(ec.message());
  }
}

}  // namespace
}  // namespace relay::wire
