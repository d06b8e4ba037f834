#pragma once

#include <relay/base/host_port.hpp>
#include <relay/base/ws_url.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace relay {

/// A proxy that connects to others for us.
struct web_proxy {
  enum class kind : std::uint8_t { connect, socks5 };  ///< HTTP's CONNECT, or SOCKS 5
  kind speaks = kind::connect;
  host_port at;
  std::string user;      ///< empty: it asks nobody
  std::string password;  ///< no log line shows it
  friend bool operator==(const web_proxy&, const web_proxy&) = default;
};

/// `http://[user:password@]host[:port]` or `socks5://…`; without a scheme it is one of HTTP. The
/// port is 80 or 1080 where none is given. In user and password `%40` stands for `@`, and so on.
parsed<web_proxy> parse_web_proxy(std::string_view text);

/// The URL of a proxy as it may be shown: without its password.
std::string shown_web_proxy(std::string_view text);

/// The proxy that the environment names for a server, as other programs understand it: HTTP_PROXY
/// for `ws`, HTTPS_PROXY for `wss`, then the same in lower case; nothing where NO_PROXY lists the
/// server, and for this machine itself. Empty: none.
std::string proxy_from_environment(
    const ws_url& to, const std::function<std::optional<std::string>(const char*)>& variable);

/// Whether a list such as `.example.com, 10.0.0.0/8, host:8080, *` holds this server.
bool is_listed_in_no_proxy(std::string_view list, const host_port& server);

}  // namespace relay
