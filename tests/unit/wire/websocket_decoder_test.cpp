#include "support/websocket_frames.hpp"
#include "unit/wire/headers.hpp"

#include <relay/wire/websocket.hpp>

namespace relay::wire {
namespace {

using namespace std::string_literals;
using relay::test::foreign_frame;
using relay::test::random_bytes;
using relay::test::random_frame;
using test::text_of;

/// Everything that came out of a connection.
struct told {
  std::string payload;
  std::vector<std::string> pings;
  std::optional<std::string> close;
  error_code refused;
};

bool is_over(const told& what) { return what.close || what.refused; }

void feed(ws_decoder& decoder, std::string piece, told& out) {
  auto left = std::as_writable_bytes(std::span(piece));
  while (!left.empty() && !is_over(out)) {
    const auto pass = decoder.decode(left);
    out.payload += text_of(left.first(pass.payload));
    EXPECT_TRUE(pass.event != ws_event::none || pass.used == left.size());
    if (pass.event == ws_event::ping) out.pings.push_back(text_of(decoder.control()));
    if (pass.event == ws_event::close) out.close = text_of(decoder.control());
    if (pass.event == ws_event::refused) out.refused = decoder.error();
    left = left.subspan(pass.used);
  }
}

told decode(std::string_view text) {
  ws_decoder decoder;
  told out;
  feed(decoder, std::string(text), out);
  return out;
}

// Spec 9.2, "received binary / continuation".
TEST(WsDecoder, TakesManyFramesInOnePass) {
  std::string text;
  std::string payload;
  for (std::size_t size : {0U, 1U, 125U, 126U, 500U, 513U, 70000U, 3U}) {
    const foreign_frame frame{std::string(size, static_cast<char>('a' + size % 26)),
                              size % 2 == 0 ? 0x00U : 0x82U,
                              size % 3 == 0 ? "" : "\x11\x22\x33\x44", 0};
    text += frame.bytes();
    payload += frame.payload;
  }
  ws_decoder decoder;
  auto bytes = text;
  const auto pass = decoder.decode(std::as_writable_bytes(std::span(bytes)));
  EXPECT_EQ(pass.used, text.size());
  EXPECT_EQ(pass.event, ws_event::none);
  EXPECT_EQ(bytes.substr(0, pass.payload), payload);
  EXPECT_TRUE(decoder.is_between_frames());
}

// Spec 9.2, hazard 1: the phase of the mask is kept however a frame is cut.
TEST(WsDecoder, EverySplitInTwoGivesTheSame) {
  const auto text = foreign_frame{"payload of the first", 0x82, "\xa1\xb2\xc3\xd4", 0}.bytes() +
                    foreign_frame{"are you there", 0x89, "\x01\x02\x03\x04", 0}.bytes() +
                    foreign_frame{std::string(130, 'x'), 0x80, "", 0}.bytes() +
                    foreign_frame{
                        "\x03\xe8"
                        "bye",
                        0x88, "abcd", 0}
                        .bytes() +
                    "trailing";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ws_decoder decoder;
    told out;
    feed(decoder, text.substr(0, cut), out);
    feed(decoder, text.substr(cut), out);
    EXPECT_EQ(out.payload, "payload of the first" + std::string(130, 'x')) << cut;
    EXPECT_EQ(out.pings, std::vector<std::string>{"are you there"}) << cut;
    EXPECT_EQ(out.close,
              "\x03\xe8"
              "bye")
        << cut;
  }
}

TEST(WsDecoder, AnySplitOfAnyFramesGivesTheSame) {
  std::mt19937 noise(3);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    told expected;
    for (auto count = noise() % 12; count-- > 0;) {
      auto frame = random_frame(noise, noise() % 8 == 0 ? 70000 : 600);
      if (noise() % 4 == 0) {
        frame.first = 0x89;
        frame.payload.resize(frame.payload.size() % 126);
        frame.length_bytes = 0;
        expected.pings.push_back(frame.payload);
      } else {
        expected.payload += frame.payload;
      }
      text += frame.bytes();
    }
    ws_decoder decoder;
    told out;
    for (std::size_t at = 0; at < text.size();) {
      const auto size = noise() % 3 == 0 ? 1 + noise() % 3 : 1 + noise() % 5000;
      feed(decoder, text.substr(at, size), out);
      at += std::min<std::size_t>(size, text.size() - at);
      if (at < text.size()) continue;
      EXPECT_TRUE(decoder.is_between_frames());
    }
    ASSERT_EQ(out.payload, expected.payload) << round;
    ASSERT_EQ(out.pings, expected.pings) << round;
    ASSERT_FALSE(is_over(out)) << round;
  }
}

TEST(WsDecoder, KnowsWhetherSomethingIsMissing) {
  const auto text = foreign_frame{"abc", 0x82, "\x01\x02\x03\x04", 0}.bytes() +
                    foreign_frame{"p", 0x89, "", 0}.bytes();
  ws_decoder decoder;
  told out;
  EXPECT_TRUE(decoder.is_between_frames());
  for (std::size_t at = 0; at < text.size(); ++at) {
    feed(decoder, text.substr(at, 1), out);
    EXPECT_EQ(decoder.is_between_frames(), at == 8 || at == 11) << at;
  }
}

// Spec 9.2, "received close": treated as the end; the rest of the stream is ignored.
TEST(WsDecoder, StopsAtAClose) {
  const auto out = decode("\x82\x02hi\x88\x00\x82\x04more"s);
  EXPECT_EQ(out.payload, "hi");
  EXPECT_EQ(out.close, "");
}

TEST(WsDecoder, HandsOutWhatCameBeforeItRefuses) {
  const auto out = decode("\x82\x02hi\x89\x01p\x81\x04text"s);
  EXPECT_EQ(out.payload, "hi");
  EXPECT_EQ(out.pings, std::vector<std::string>{"p"});
  EXPECT_EQ(out.refused, error_code(ws_errc::text_frame));
}

TEST(WsDecoder, TellsWhatMayBeTakenWithoutIt) {
  ws_decoder decoder;
  told out;
  EXPECT_EQ(decoder.header_wanted(), 2U);
  feed(decoder, "\x82"s, out);
  EXPECT_EQ(decoder.header_wanted(), 1U);
  EXPECT_EQ(decoder.bare(), 0U);
  feed(decoder, "\x7e"s, out);
  EXPECT_EQ(decoder.header_wanted(), 2U);
  feed(decoder, "\x40\x00"s, out);
  EXPECT_EQ(decoder.header_wanted(), 0U);
  EXPECT_EQ(decoder.header_length(), 4U);
  EXPECT_EQ(decoder.frame_length(), 0x4000U);
  EXPECT_EQ(decoder.bare(), 0x4000U);
  decoder.skip(0x3fff);
  feed(decoder, "x\x82\xff\0\0\0\0\0\1\0\0\0\0\0\0"s, out);
  EXPECT_EQ(out.payload, "x");
  EXPECT_EQ(decoder.header_length(), 14U);
  EXPECT_EQ(decoder.bare(), 0x10000U);  // a key of zero hides nothing
}

TEST(WsDecoder, NothingMaskedAndNoControlMayBeTakenWithoutIt) {
  ws_decoder decoder;
  told out;
  feed(decoder, "\x89\x03p"s, out);
  EXPECT_EQ(decoder.bare(), 0U);
  EXPECT_EQ(decoder.header_wanted(), 0U);
  feed(decoder, "pp\x82\x83\0\0\0\1"s, out);
  EXPECT_EQ(out.pings, std::vector<std::string>{"ppp"});
  EXPECT_EQ(decoder.bare(), 0U);
  EXPECT_FALSE(decoder.is_between_frames());
}

}  // namespace
}  // namespace relay::wire
