#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

/// The two heads that open a WebSocket connection (RFC 6455, section 4; spec 9.2). A real peer
/// forgets what it has read of a head that comes in parts, so a head is sent by one write.
namespace relay::wire {

/// The longest head that is read, and the most headers in it.
constexpr std::size_t longest_ws_head = 8192;
constexpr std::size_t most_ws_headers = 32;

/// What a client sends as `sec-websocket-key`: 16 random bytes in base64.
std::string ws_key(const std::array<std::byte, 16>& noise);
/// What a server has to answer to that.
std::string ws_accept(std::string_view key);

/// `protocol`: the subprotocol that is asked for, an empty text: none; likewise below.
std::string write_ws_request(std::string_view host, std::string_view path, std::string_view key,
                             std::string_view protocol = {});
/// The 101 that answers a request with this key, and grants it `protocol`.
std::string write_ws_reply(std::string_view key, std::string_view protocol = {});

/// Right so far, but the head is not complete.
struct ws_head_needs {
  friend bool operator==(const ws_head_needs&, const ws_head_needs&) = default;
};

/// A client that may come in. What follows the head belongs to its first frames.
struct ws_request {
  std::size_t size = 0;  ///< of the head
  std::string key;
  std::string protocol{};  ///< to be granted: one that it offers
  friend bool operator==(const ws_request&, const ws_request&) = default;
};

/// A server that has switched.
struct ws_reply {
  std::size_t size = 0;  ///< of the head
  friend bool operator==(const ws_reply&, const ws_reply&) = default;
};

/// Not what was expected, whatever follows.
struct ws_head_refusal {
  std::string why;          ///< for the line about it: "status 403 in place of 101"
  std::string_view answer;  ///< to a request: what a plain web server would say; then comes the end
  friend bool operator==(const ws_head_refusal&, const ws_head_refusal&) = default;
};

using ws_request_answer = std::variant<ws_head_needs, ws_request, ws_head_refusal>;
using ws_reply_answer = std::variant<ws_head_needs, ws_reply, ws_head_refusal>;

/// Reads a request at the start of `seen`, which holds everything since the connection was opened.
/// Host and path are demanded byte for byte. Of the subprotocols that it offers `protocol` is
/// granted and no other, or the first where that is empty. A request that offers none, or none that
/// we grant, comes in all the same (RFC 6455, 4.2.2): the client decides what it makes of that.
ws_request_answer read_ws_request(std::string_view seen, std::string_view host,
                                  std::string_view path, std::string_view protocol = {});
/// Whether a head that is not complete may still become a request that comes in. For callers who
/// are not to answer the others: web servers answer much of what is none before a head is complete.
bool may_become_ws_request(std::string_view seen, std::string_view path);
/// Reads the reply to a request with this key and `protocol`.
ws_reply_answer read_ws_reply(std::string_view seen, std::string_view key,
                              std::string_view protocol = {});

}  // namespace relay::wire
