#pragma once

#include <chrono>

namespace relay::net {

/// How long ago the handshake of an accepted connection was over that has not been written to:
/// what it has waited in the queue of its listener. 0 where the kernel does not say.
std::chrono::milliseconds queue_time(int fd);

}  // namespace relay::net
