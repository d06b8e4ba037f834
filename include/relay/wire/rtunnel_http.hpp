#pragma once

#include <relay/wire/websocket_handshake.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// The HTTP around RTunnel's WebSockets (spec 3): any path, a header that names the session, and
/// what visitors of a browser get. Both generations of the reference are taken, and told apart by
/// what they send.
namespace relay::wire {

/// Proxies in front of a server add to a head what they like.
constexpr std::size_t longest_rtunnel_head = 32768;
constexpr std::size_t most_rtunnel_headers = 128;
/// Of the name of a session; the reference's are 36 characters.
constexpr std::size_t longest_rtunnel_session = 128;

/// What a client asks for with its head.
struct rtunnel_ask {
  std::string_view host;      ///< the authority of the URL, as written
  std::string_view target;    ///< path and query
  std::string_view key;       ///< `ws_key`
  std::string_view session;   ///< its name
  std::optional<bool> first;  ///< no WebSocket of this session has come about yet; none: not said
  std::string_view ours{};    ///< of `X-Relay-Resume`, what relay's ends agree on; empty: absent
};
std::string write_rtunnel_request(const rtunnel_ask& what);

/// The 101. `ours` answers what came in `rtunnel_request::ours`; empty: absent.
std::string write_rtunnel_reply(std::string_view key, std::string_view ours = {});

/// A client that may come in.
struct rtunnel_request {
  std::size_t size = 0;  ///< of the head; what follows belongs to its first frames
  std::string key;
  std::string session;
  std::optional<bool> first;  ///< none: an old client, which does not say it
  std::string ours{};         ///< empty: not relay
  friend bool operator==(const rtunnel_request&, const rtunnel_request&) = default;
};

/// A server that has switched.
struct rtunnel_reply {
  std::size_t size = 0;
  std::string ours{};
  friend bool operator==(const rtunnel_reply&, const rtunnel_reply&) = default;
};

/// Somebody who asks for no tunnel, or does it in a wrong way.
struct rtunnel_visitor {
  std::string why;          ///< for the line about it
  int status = 404;         ///< 200: `index.html` is asked for, and sent if there is one
  bool wants_head = false;  ///< HEAD: no body
  friend bool operator==(const rtunnel_visitor&, const rtunnel_visitor&) = default;
};

using rtunnel_request_answer = std::variant<ws_head_needs, rtunnel_request, rtunnel_visitor>;
using rtunnel_reply_answer = std::variant<ws_head_needs, rtunnel_reply, ws_head_refusal>;

/// Read what stands at the start of `seen`, which holds everything since the connection was opened.
rtunnel_request_answer read_rtunnel_request(std::string_view seen);
rtunnel_reply_answer read_rtunnel_reply(std::string_view seen, std::string_view key);

/// The whole answer to a visitor, after which the connection ends. `index`: what `index.html`
/// holds.
std::string answer_rtunnel_visitor(const rtunnel_visitor& to,
                                   const std::optional<std::string>& index);

/// What an operator can do about a status that came in place of 101; empty: nothing is known.
std::string_view advice_on_status(int status);

}  // namespace relay::wire
