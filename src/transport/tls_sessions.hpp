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
  /// The place of a remote; that of the one used longest ago when there are too many. A session in
  /// the wrong place costs a full handshake, no more.
  std::size_t place_of(const ip_endpoint& remote);
  /// A copy, or null.
  session_ptr copy(std::size_t place);
  void keep(std::size_t place, const ssl_session_st* newest);

 private:
  struct slot {
    ip_endpoint remote;
    std::uint64_t used = 0;  // 0: never
    std::shared_ptr<ssl_session_st> newest;
  };

  std::mutex mutex_;
  std::uint64_t uses_ = 0;
  std::array<slot, 16> slots_;
};

}  // namespace relay::transport
