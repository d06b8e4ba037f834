#pragma once

#include <relay/pump/session_end.hpp>

#include <cstdint>
#include <string_view>

namespace relay::forward {

/// Why a connection or an association ended; printed in its line and counted.
enum class end_reason : std::uint8_t {
  client_eof,          ///< both directions are done, the client's was first
  remote_eof,          ///< both directions are done, the remote's was first
  reset_by_client,     ///< passed on to the remote as a reset
  reset_by_remote,     ///< passed on to the client as a reset
  client_error,        ///< another error of the client's socket, such as a keepalive that ran out
  remote_error,        ///< another error of the remote's socket
  half_close_timeout,  ///< one direction had ended, the other was idle for too long
  idle,                ///< nothing moved either way for `idle_timeout`
  resolve_failed,      ///< the remote's name gave no address
  connect_failed,      ///< no address could be connected
  loop,                ///< the remote was the endpoint's own listener
  hook_rejected,       ///< the pre-connect hook did not allow the client
  hook_timeout,        ///< the client did not send the bytes that the hook wants to see
  bad_proxy_header,    ///< the client did not begin with a PROXY header, as it had to
  proxy_timeout,       ///< it had not sent the header within `accept_proxy_timeout`
  untrusted_proxy,     ///< its address is none of `trusted_proxies`
  client_handshake_failed,   ///< TLS or WebSocket with the client did not come about
  client_handshake_timeout,  ///< not within `handshake_timeout`
  remote_handshake_failed,   ///< TLS or WebSocket with the remote did not come about
  truncated,                 ///< a side's TLS or WebSocket broke off where it could not end
  flood,                     ///< a side sent too many KeyUpdates, pings or the like
  evicted,                   ///< an association that made room for another
  killed,                    ///< an operator ended it (`relay kill`)
  shutdown,                  ///< the process ended before the session did
  internal_error,            ///< relay could not go on with it: a mistake of its own, or no memory
  count_
};

std::string_view to_string(end_reason why) noexcept;
/// Where the pump was the one that noticed.
end_reason reason_of(pump::session_end how) noexcept;

}  // namespace relay::forward
