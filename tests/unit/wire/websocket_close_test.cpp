#include "unit/wire/headers.hpp"

#include <relay/wire/websocket.hpp>

namespace relay::wire {
namespace {

using test::bytes;
using test::text_of;

std::string close_of(unsigned code, std::string_view reason = {}) {
  std::string made{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return made.append(reason);
}

std::optional<ws_close> wrong_in(const std::string& payload) {
  return wrong_in_close(bytes(payload));
}

TEST(WsClose, CodesThatMayTravelAreTaken) {
  EXPECT_EQ(wrong_in(""), std::nullopt);
  for (unsigned code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                        3000, 3999, 4000, 4999}) {
    EXPECT_EQ(wrong_in(close_of(code)), std::nullopt) << code;
  }
}

// RFC 6455, 7.4.1 and 7.4.2.
TEST(WsClose, OthersAreAnErrorOfTheProtocol) {
  EXPECT_EQ(wrong_in("\x03"), ws_close::protocol_error) << "half a code";
  for (unsigned code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    EXPECT_EQ(wrong_in(close_of(code, "why")), ws_close::protocol_error) << code;
  }
}

// 5.5.1: the reason is UTF-8.
TEST(WsClose, AReasonIsUtf8) {
  EXPECT_EQ(wrong_in(close_of(1000, "tsch\xc3\xbcss")), std::nullopt);
  for (const auto* reason : {"\xff", "tsch\xc3", "\xed\xa0\x80", "\xc0\xaf"}) {
    EXPECT_EQ(wrong_in(close_of(1000, reason)), ws_close::not_utf8);
    EXPECT_EQ(wrong_in(close_of(1005, reason)), ws_close::protocol_error) << "the code comes first";
  }
}

TEST(WsClose, IsWrittenWithItsCode) {
  EXPECT_EQ(text_of(close_payload(ws_close::protocol_error)), "\x03\xea");
  EXPECT_EQ(text_of(close_payload(ws_close::not_utf8)), "\x03\xef");
}

}  // namespace
}  // namespace relay::wire
