#include <relay/base/utf8.hpp>
#include <relay/wire/websocket.hpp>

#include <string_view>

namespace relay::wire {
namespace {

/// Whether a code may stand in a close frame. 1004 means nothing yet, 1005, 1006 and 1015 are what
/// a program is told when there was no code, 1016 to 2999 are kept for the standard itself.
bool may_travel(unsigned code) {
  if (code >= 1000 && code <= 1014) return code != 1004 && code != 1005 && code != 1006;
  return code >= 3000 && code <= 4999;
}

}  // namespace

std::optional<ws_close> wrong_in_close(std::span<const std::byte> payload) noexcept {
  if (payload.empty()) return std::nullopt;
  if (payload.size() == 1) return ws_close::protocol_error;
  const auto code =
      std::to_integer<unsigned>(payload[0]) << 8 | std::to_integer<unsigned>(payload[1]);
  if (!may_travel(code)) return ws_close::protocol_error;
  const auto reason = payload.subspan(2);
  const std::string_view text(reinterpret_cast<const char*>(reason.data()), reason.size());
  if (broken_utf8(text)) return ws_close::not_utf8;
  return std::nullopt;
}

std::array<std::byte, 2> close_payload(ws_close code) noexcept {
  const auto value = static_cast<unsigned>(code);
  return {static_cast<std::byte>(value >> 8), static_cast<std::byte>(value & 0xff)};
}

}  // namespace relay::wire
