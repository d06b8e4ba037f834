#pragma once

#include <relay/base/host_port.hpp>

#include <string>
#include <string_view>

namespace relay {

/// The URL of a WebSocket server, taken apart (RFC 6455, section 3).
struct ws_url {
  bool tls = false;       ///< `wss`
  std::string authority;  ///< as written, port and brackets included: the `Host` header
  host_port at;           ///< whom to dial; the port is 80 or 443 where none is given
  std::string target;     ///< what is asked for: path and query, at least `/`
  friend bool operator==(const ws_url&, const ws_url&) = default;
};

/// Whether a text begins with `ws://`, `wss://`, `http://` or `https://`, in lower case.
bool begins_ws_url(std::string_view text);

/// `ws://host[:port][/path][?query]`; `http` and `https` stand for `ws` and `wss`. Path and query
/// stay as they are. A user has no place in such a URL.
parsed<ws_url> parse_ws_url(std::string_view text);

}  // namespace relay
