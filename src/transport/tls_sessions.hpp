#pragma once

#include "openssl.hpp"

#include <relay/base/ip.hpp>

#include <array>
#include <cstdint>
#include <mutex>

namespace relay::transport {

/// The newest session that each of a few remotes has given, to be resumed by whoever dials there
/// next. Shared by all workers. What is kept is never attached to a connection, only copies are:
/// a connection that fails would spoil it, on another thread than it is read.
class tls_sessions {
 public:
  /// Where the session of one remote is kept; stays where it is as long as all of them.
  class place {
    friend class tls_sessions;
    ip_endpoint remote_;
    std::uint64_t used_ = 0;  // 0: never
    std::shared_ptr<ssl_session_st> newest_;
  };

  /// The place of a remote; that of the one used longest ago when there are too many. A session in
  /// the wrong place costs a full handshake, no more.
  place& place_of(const ip_endpoint& remote);
  /// A copy, or null.
  session_ptr copy(const place& from);
  void keep(place& in, const ssl_session_st* newest);

 private:
  std::mutex mutex_;
  std::uint64_t uses_ = 0;
  std::array<place, 16> places_;
};

}  // namespace relay::transport
