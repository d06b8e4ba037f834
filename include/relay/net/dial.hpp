#pragma once

#include <relay/base/ip.hpp>
#include <relay/net/asio.hpp>
#include <relay/net/poller.hpp>
#include <relay/net/socket.hpp>
#include <relay/net/timer_wheel.hpp>

#include <chrono>

namespace relay::net {

/// `connecting` for coroutines: one connect to one address. On success the socket is in `into`,
/// which must outlive the wait. `step` is what was being done when it failed.
task<error_code> dial(watch& into, timer_wheel& wheel, ip_endpoint to, const dial_options& options,
                      std::chrono::milliseconds limit, const char*& step);

}  // namespace relay::net
