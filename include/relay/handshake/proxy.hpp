#pragma once

#include <relay/net/asio.hpp>
#include <relay/net/poller.hpp>
#include <relay/net/timer_wheel.hpp>
#include <relay/wire/proxy.hpp>

#include <chrono>
#include <span>
#include <string_view>

/// The PROXY protocol on a connection: its header is the first thing on the bare socket, in both
/// directions, below whatever transport follows.
namespace relay::handshake {

/// What came of waiting for a header.
struct proxy_reading {
  /// `errc::timed_out`; `errc::bad_proxy_header`, then `why` says more; `errc::truncated`: the
  /// client has ended its direction before the header was complete; or what the socket said.
  error_code ec;
  std::string_view why;       ///< a literal
  bool begun = false;         ///< at least one byte came
  wire::proxy_header header;  ///< valid without `ec`
};

/// Reads the header in front of a client's first byte, in however many pieces it comes, within
/// `limit` (0: for ever). Takes exactly its bytes: what follows them stays in the socket, and the
/// watch still says so.
task<proxy_reading> read_proxy_header(net::watch& from, net::timer_wheel& wheel,
                                      std::chrono::milliseconds limit);

/// Writes what it can without waiting: a socket that has just been connected takes a header whole.
/// How many bytes went; fewer when it has no room.
result<std::size_t> try_write_proxy(net::watch& to, std::span<const std::byte> header);

/// Writes what `try_write_proxy` has left, from byte `at` on, as room comes.
task<error_code> finish_proxy_header(net::watch& to, net::timer_wheel& wheel,
                                     std::chrono::milliseconds limit, wire::proxy_bytes header,
                                     std::size_t at);

}  // namespace relay::handshake
