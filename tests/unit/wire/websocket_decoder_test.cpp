#include "support/websocket_frames.hpp"
#include "unit/wire/headers.hpp"

#include <relay/wire/websocket.hpp>

namespace relay::wire {
namespace {

using namespace std::string_literals;
using relay::test::foreign_frame;
using relay::test::random_bytes;
using relay::test::zero_key;
using test::text_of;

/// Everything that came out of a connection.
struct told {
  std::string payload;
  std::vector<std::string> pings;
  std::size_t pongs = 0;
  std::size_t frames = 0;
  std::size_t empty = 0;
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
    if (pass.event == ws_event::pong) ++out.pongs;
    out.frames += pass.frames;
    out.empty += pass.empty;
    if (pass.event == ws_event::close) out.close = text_of(decoder.control());
    if (pass.event == ws_event::refused) out.refused = decoder.error();
    left = left.subspan(pass.used);
  }
}

told decode(std::string_view text, ws_role us = ws_role::client) {
  ws_decoder decoder(us);
  told out;
  feed(decoder, std::string(text), out);
  return out;
}

// Spec 9.2, "received binary / continuation", and text as payload.
TEST(WsDecoder, TakesManyFramesInOnePass) {
  std::string text;
  std::string payload;
  for (std::size_t size : {0U, 1U, 125U, 126U, 500U, 513U, 70000U, 3U}) {
    const foreign_frame frame{std::string(size, static_cast<char>('a' + size % 26)),
                              size == 0   ? 0x01U
                              : size == 3 ? 0x80U
                                          : 0x00U,
                              size % 3 == 0 ? zero_key : "\x11\x22\x33\x44", 0};
    text += frame.bytes();
    payload += frame.payload;
  }
  ws_decoder decoder;
  auto bytes = text;
  const auto pass = decoder.decode(std::as_writable_bytes(std::span(bytes)));
  EXPECT_EQ(pass.used, text.size());
  EXPECT_EQ(pass.event, ws_event::none);
  EXPECT_EQ(bytes.substr(0, pass.payload), payload);
  EXPECT_EQ(pass.frames, 8U);
  EXPECT_EQ(pass.empty, 1U);
  EXPECT_TRUE(decoder.is_between_frames());
}

// Spec 9.2, hazard 1: the phase of the mask is kept however a frame is cut.
TEST(WsDecoder, EverySplitInTwoGivesTheSame) {
  const auto text = foreign_frame{"payload of the first", 0x82, "\xa1\xb2\xc3\xd4", 0}.bytes() +
                    foreign_frame{"are you there", 0x89, "\x01\x02\x03\x04", 0}.bytes() +
                    foreign_frame{std::string(130, 'x'), 0x81, zero_key, 0}.bytes() +
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
    const auto peer = round % 2 == 0 ? ws_role::client : ws_role::server;
    relay::test::random_frames frames(noise, peer);
    for (auto count = noise() % 12; count-- > 0;) {
      if (noise() % 4 == 0) {
        foreign_frame ping{random_bytes(noise, noise() % 126), 0x89};
        if (peer == ws_role::client) ping.key = random_bytes(noise, 4);
        expected.pings.push_back(ping.payload);
        text += ping.bytes();
        continue;
      }
      const auto frame = frames.next(noise() % 8 == 0 ? 70000 : 600);
      expected.payload += frame.payload;
      text += frame.bytes();
    }
    ws_decoder decoder(peer == ws_role::client ? ws_role::server : ws_role::client);
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
                    foreign_frame{"p", 0x89, zero_key, 0}.bytes();
  ws_decoder decoder;
  told out;
  EXPECT_TRUE(decoder.is_between_frames());
  for (std::size_t at = 0; at < text.size(); ++at) {
    feed(decoder, text.substr(at, 1), out);
    EXPECT_EQ(decoder.is_between_frames(), at == 8 || at == 15) << at;
  }
}

// Spec 9.2, "received close": treated as the end; the rest of the stream is ignored.
TEST(WsDecoder, StopsAtAClose) {
  const auto out = decode("\x82\x02hi\x88\x00\x82\x04more"s);
  EXPECT_EQ(out.payload, "hi");
  EXPECT_EQ(out.close, "");
}

TEST(WsDecoder, HandsOutWhatCameBeforeItRefuses) {
  const auto out = decode("\x82\x02hi\x89\x01p\xc1\x04text"s);
  EXPECT_EQ(out.payload, "hi");
  EXPECT_EQ(out.pings, std::vector<std::string>{"p"});
  EXPECT_EQ(out.refused, error_code(ws_errc::reserved_bits));
}

// RFC 6455, 5.5.3: a pong that nobody asked for is a sign of life, no more.
TEST(WsDecoder, APongAndTextAreTaken) {
  const auto out = decode("\x81\x02hi\x8a\x00\x8a\x01p\x82\x02ho"s);
  EXPECT_EQ(out.payload, "hiho");
  EXPECT_EQ(out.pongs, 2U);
  EXPECT_EQ(out.frames, 4U);
  EXPECT_EQ(out.empty, 2U);
  EXPECT_FALSE(is_over(out));
}

// Some senders end each message with a frame that holds nothing.
TEST(WsDecoder, AnEmptyFrameBehindPayloadIsNoEmptyOne) {
  EXPECT_EQ(decode("\x02\x01"
                   "a\x80\x00"s)
                .empty,
            0U);
  EXPECT_EQ(decode("\x02\x01"
                   "a\x00\x00\x89\x00\x80\x00"s)
                .empty,
            2U);
  EXPECT_EQ(decode("\x02\x01"
                   "a\x80\x00\x02\x00\x80\x00"s)
                .empty,
            2U)
      << "each for itself";
}

// RFC 6455, 5.1.
TEST(WsDecoder, ClientsMaskAndServersDoNot) {
  EXPECT_EQ(decode("\x82\x02hi"s, ws_role::server).refused, error_code(ws_errc::not_masked));
  EXPECT_EQ(decode("\x89\x00"s, ws_role::server).refused, error_code(ws_errc::not_masked));
  EXPECT_EQ(decode("\x82\x82\0\0\0\0hi"s, ws_role::server).payload, "hi") << "as realm sends it";
  EXPECT_EQ(decode("\x82\x82\0\0\0\0hi"s, ws_role::client).refused, error_code(ws_errc::masked));
  EXPECT_EQ(decode("\x8a\x80\1\2\3\4"s, ws_role::client).refused, error_code(ws_errc::masked));
}

// RFC 6455, 5.4: control frames may stand within a message, another message may not.
TEST(WsDecoder, MessagesAreWholeBeforeOthersBegin) {
  EXPECT_EQ(decode("\x01\x01"
                   "a\x00\x01"
                   "b\x89\x00\x80\x01"
                   "c\x82\x01"
                   "d"s)
                .payload,
            "abcd");
  EXPECT_EQ(decode("\x01\x01"
                   "a\x00\x00\x00\x00\x80\x00\x81\x00"s)
                .empty,
            3U);
  const std::pair<std::string, ws_errc> wrong[] = {
      {"\x80\x01"
       "b"s,
       ws_errc::no_message},
      {"\x00\x01"
       "b"s,
       ws_errc::no_message},
      {"\x01\x01"
       "a\x81\x01"
       "b"s,
       ws_errc::within_message},
      {"\x02\x00\x02\x01"
       "b"s,
       ws_errc::within_message},
      {"\x02\x00\x80\x00\x80\x00"s, ws_errc::no_message}};
  for (const auto& [text, why] : wrong) {
    const auto out = decode(text);
    EXPECT_EQ(out.refused, error_code(why));
    EXPECT_EQ(out.payload.find('b'), std::string::npos);
  }
}

TEST(WsDecoder, TellsWhatMayBeTakenWithoutIt) {
  ws_decoder decoder(ws_role::client);
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
  feed(decoder, "x"s, out);
  EXPECT_EQ(out.payload, "x");
  ws_decoder server;
  feed(server, "\x82\xff\0\0\0\0\0\1\0\0\0\0\0\0"s, out);
  EXPECT_EQ(server.header_length(), 14U);
  EXPECT_EQ(server.bare(), 0x10000U);  // a key of zero hides nothing
}

TEST(WsDecoder, NothingMaskedAndNoControlMayBeTakenWithoutIt) {
  ws_decoder decoder;
  told out;
  feed(decoder, "\x89\x83\0\0\0\0p"s, out);
  EXPECT_EQ(decoder.bare(), 0U);
  EXPECT_EQ(decoder.header_wanted(), 0U);
  feed(decoder, "pp\x82\x83\0\0\0\1"s, out);
  EXPECT_EQ(out.pings, std::vector<std::string>{"ppp"});
  EXPECT_EQ(decoder.bare(), 0U);
  EXPECT_FALSE(decoder.is_between_frames());
}

}  // namespace
}  // namespace relay::wire
