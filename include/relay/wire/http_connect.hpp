#pragma once

#include <relay/wire/websocket_handshake.hpp>

#include <string>
#include <string_view>
#include <variant>

/// A tunnel through a proxy of HTTP (RFC 9110, 9.3.6).
namespace relay::wire {

/// `to`: host and port, brackets around IPv6. Without a `user` nobody logs in.
std::string write_connect_request(std::string_view to, std::string_view user,
                                  std::string_view password);

/// The proxy has connected; what follows the head comes from the far end.
struct connect_reply {
  std::size_t size = 0;
  friend bool operator==(const connect_reply&, const connect_reply&) = default;
};
using connect_reply_answer = std::variant<ws_head_needs, connect_reply, ws_head_refusal>;

connect_reply_answer read_connect_reply(std::string_view seen);

}  // namespace relay::wire
