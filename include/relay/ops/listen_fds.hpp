#pragma once

#include <relay/net/inherited_socket.hpp>
#include <relay/ops/variable.hpp>

#include <sys/types.h>

#include <string>
#include <vector>

namespace relay::ops {

/// What came of the sockets that a service manager opened for us (socket activation).
struct listen_fds {
  std::vector<net::inherited_socket> sockets;
  std::vector<std::string> refused;  ///< one sentence for each that is of no use; those stay open
};

/// Takes the descriptors that LISTEN_FDS promises, the first of which is `first`, and makes them
/// non-blocking and closed on exec. Nothing unless LISTEN_PID is `started_as`: the variables were
/// meant for another process. To be called once: the answer owns the descriptors.
listen_fds take_listen_fds(const variable_reader& variable, pid_t started_as, int first = 3);

}  // namespace relay::ops
