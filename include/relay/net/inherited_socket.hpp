#pragma once

#include <relay/base/ip.hpp>
#include <relay/base/unique_fd.hpp>

#include <string>

namespace relay::net {

/// A socket that another process has bound and passed on: non-blocking, closed on exec.
struct inherited_socket {
  unique_fd fd;
  ip_endpoint at;         ///< what it is bound to
  bool datagram = false;  ///< UDP; otherwise a TCP socket that listens
  std::string name;       ///< what the other process calls it; may be empty
};

}  // namespace relay::net
