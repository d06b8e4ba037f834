#pragma once

#include <relay/base/error.hpp>

#include <cerrno>

namespace relay {

/// Whether the peer has torn the connection down. EPIPE is what a write says of it, ENOTCONN what
/// shutdown() says, and a Multipath TCP socket whatever it is asked.
inline bool is_reset(const error_code& ec) noexcept {
  return ec.category() == boost::system::system_category() &&
         (ec.value() == ECONNRESET || ec.value() == EPIPE || ec.value() == ENOTCONN);
}

}  // namespace relay
