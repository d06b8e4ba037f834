#pragma once

#include <relay/forward/hook_thread.hpp>
#include <relay/net/asio.hpp>
#include <relay/net/poller.hpp>
#include <relay/net/worker.hpp>

#include <chrono>
#include <cstddef>

namespace relay::forward {

/// What a hook says about a client.
struct hook_answer {
  std::size_t index = 0;           ///< 0: allowed; from 1 on: this extra remote
  const char* rejected = nullptr;  ///< why the client is turned away; a literal
  /// No answer: `errc::timed_out` and `errc::truncated` for first bytes that did not come, what the
  /// client's socket said, or `operation_aborted`.
  error_code ec;
};

/// The pre-connect hook (spec 10): asks for the length, waits for so many bytes without taking
/// them, asks for the decision. The worker goes on meanwhile. `limit` is the client's, for its
/// bytes; there is none for the hook. A client that resets while the hook is busy is given up.
task<hook_answer> ask_hook(hook_thread& of, net::worker& on, net::watch& client,
                           std::size_t extra_remotes, std::chrono::milliseconds limit);

/// The most bytes that a hook can have: what a socket holds for sure before anybody reads.
constexpr std::size_t most_first_bytes = 32768;

}  // namespace relay::forward
