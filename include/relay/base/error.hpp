#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string>

namespace relay {

using boost::system::error_code;

/// What a peer, the network or the kernel can cause is a value: `error_code` from one operation,
/// `result<T>` from a step (style R4).
template <class T>
using result = boost::system::result<T>;

/// Failures that have no errno of their own.
enum class errc {
  timed_out = 1,  ///< a step ran into its limit
  truncated,      ///< a stream ended without saying so (TLS without close_notify, inside a frame)
  no_such_name,   ///< the name server says that the name does not exist
  no_address,     ///< the name exists but has no address of a usable family
  lookup_failed,  ///< no name server gave a usable answer
  no_usable_family,   ///< every address is of another family than `through`
  own_listener,       ///< the address leads back to the endpoint's own listener
  bad_proxy_header,   ///< what a client began with is no header of the PROXY protocol
  handshake_refused,  ///< a peer answered a WebSocket handshake, but not as it should
  untrusted_proxy,    ///< the client is none of `trusted_proxies`
  flood,              ///< a peer sent more messages without payload than anybody needs
  null_address,       ///< the name stands for 0.0.0.0 or ::, as in a block list
  carrier_lost,       ///< a resumable session had no connection for `resume_timeout`
  session_gone,       ///< its other end does not know it any more
};

error_code make_error_code(errc code) noexcept;

/// The error of the last failed system call; call it before anything else can change errno.
error_code last_system_error() noexcept;

/// `message()` in the one form our lines use: the C library's text, lower-case first letter.
std::string describe(const error_code& ec);

}  // namespace relay

template <>
struct boost::system::is_error_code_enum<relay::errc> : std::true_type {};
