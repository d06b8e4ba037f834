#pragma once

#include <cstdint>

namespace relay::pump {

/// How two streams between which bytes were moved came to their end. All that the pump can know:
/// why a connection ended before, or was ended by somebody else, is its owner's matter.
enum class session_end : std::uint8_t {
  client_eof,          ///< both directions are done, the client's was first
  remote_eof,          ///< both directions are done, the remote's was first
  reset_by_client,     ///< passed on to the remote as a reset
  reset_by_remote,     ///< passed on to the client as a reset
  client_error,        ///< another error of the client's socket, such as a keepalive that ran out
  remote_error,        ///< another error of the remote's socket
  half_close_timeout,  ///< one direction had ended, the other was idle for too long
  idle,                ///< nothing moved either way for the limit of idleness
  truncated,           ///< a side's TLS or WebSocket broke off where it could not end
  flood,               ///< a side sent too many KeyUpdates, pings or the like
  fault,               ///< an exception: a mistake of relay's own, or no memory
};

}  // namespace relay::pump
