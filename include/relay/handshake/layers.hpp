#pragma once

#include <relay/base/ip.hpp>
#include <relay/net/asio.hpp>
#include <relay/net/timer_wheel.hpp>
#include <relay/transport/layers.hpp>

#include <chrono>
#include <string>

/// The handshakes of a connection, as coroutines: what they have finished is a stream like any
/// other. Nothing is notified of the socket afterwards.
namespace relay::handshake {

/// What a handshake needs of its worker.
struct tools {
  transport::tls_engine& tls;
  net::timer_wheel& wheel;
  std::chrono::milliseconds limit;  ///< for all layers together; 0: none
};

/// How it ended; without `ec` the layers are complete.
struct outcome {
  error_code ec;
  const char* phase = "TLS handshake";  ///< a literal: in what it failed
  std::string more;                     ///< what says more than `ec`; may be empty
  bool begun = false;                   ///< at least one byte came from the peer
  /// A client that does not speak what it has to, where these are handed over. It has been told
  /// nothing; what it has said is `said`, and then what the layers hold that have come about.
  bool is_visitor = false;
  std::string said{};
};

/// How long a server's first bytes are held back from a WebSocket client that has sent nothing
/// behind its head: realm loses what arrives together with the 101 (spec 9.2).
constexpr std::chrono::milliseconds first_frame_delay{30};

/// The clients' side. Nothing is made for a client before its first byte.
task<outcome> open_for_client(transport::layered& over, const transport::listen_layers& what,
                              tools with);

/// The remote's side, right after the connect to `to` (and its PROXY header). `speaks`: payload for
/// it is there already, so a WebSocket server hears of us at once.
task<outcome> open_to_remote(transport::layered& over, const transport::dial_layers& what,
                             ip_endpoint to, bool speaks, tools with);

}  // namespace relay::handshake
