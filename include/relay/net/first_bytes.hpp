#pragma once

#include <relay/net/asio.hpp>
#include <relay/net/poller.hpp>
#include <relay/net/timer_wheel.hpp>

#include <chrono>
#include <string>

namespace relay::net {

/// Waits for the first `count` bytes of a client and tells them without taking them: they stay in
/// the socket for whoever reads next. `errc::timed_out` when they have not come within `limit` (0:
/// for ever), `errc::truncated` when the client has ended its direction before, or what the socket
/// says. The socket's receive buffer, which nobody empties meanwhile, has to hold them: up to 32
/// KiB always fit.
task<result<std::string>> first_bytes(watch& of, timer_wheel& wheel, std::size_t count,
                                      std::chrono::milliseconds limit);

}  // namespace relay::net
