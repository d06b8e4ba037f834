#pragma once

#include <relay/transport/layers.hpp>

#include <memory>
#include <vector>

namespace relay::resume {

/// What carries a session for a while: a socket and the layers around it, whose handshakes are
/// done.
struct carrier {
  explicit carrier(net::poller& on) noexcept : bare(on) {}

  transport::stream& top() noexcept { return over.top(); }

  transport::plain_stream bare;
  transport::layered over{bare};
  /// What was read behind the last word of a handshake: comes first.
  std::vector<std::byte> come;
};

/// A carrier on its way to another worker, with no place on any poller.
struct carrier_in_transit {
  unique_fd socket;
  std::unique_ptr<transport::tls_stream> tls;  ///< no stream is below them at the moment
  std::unique_ptr<transport::websocket_stream> ws;
  std::vector<std::byte> come;
};

/// Takes it off its worker, on that worker.
carrier_in_transit pack(std::unique_ptr<carrier> what);
/// Puts it on this one. Null: the poller has no place for it. `tls` is asked for where it has TLS.
std::unique_ptr<carrier> unpack(carrier_in_transit what, net::poller& on,
                                transport::tls_engine* tls);

}  // namespace relay::resume
