#pragma once

#include <relay/config/transport.hpp>
#include <relay/transport/plain_stream.hpp>
#include <relay/transport/tls_context.hpp>
#include <relay/transport/tls_stream.hpp>
#include <relay/transport/websocket_stream.hpp>

#include <memory>
#include <optional>

/// What lies between a socket and its payload: nothing, TLS, WebSocket, or WebSocket inside TLS.
/// PROXY headers are below all of it.
namespace relay::transport {

/// On the clients' side of an endpoint.
struct listen_layers {
  std::shared_ptr<tls_server> tls;       ///< null: none
  std::optional<config::ws_options> ws;  ///< what clients have to ask for
  bool is_silent = false;                ///< visitors get no answer, not a 404
  bool hands_over = false;               ///< they get none here: somebody else will answer them

  bool any() const noexcept { return tls != nullptr || ws.has_value(); }
};

/// On the remote's side.
struct dial_layers {
  std::shared_ptr<tls_client> tls;
  std::optional<config::ws_options> ws;

  bool any() const noexcept { return tls != nullptr || ws.has_value(); }
};

/// The streams around one socket, which is borrowed. Made by the steps of `handshake/layers.hpp`,
/// from the socket up.
class layered {
 public:
  explicit layered(plain_stream& bare) noexcept : bare_(bare) {}
  layered(const layered&) = delete;
  layered& operator=(const layered&) = delete;
  ~layered() = default;

  plain_stream& bare() noexcept { return bare_; }
  /// Where the payload is.
  stream& top() noexcept;
  tls_stream* tls() noexcept { return tls_.get(); }
  websocket_stream* ws() noexcept { return ws_.get(); }
  /// Gives a layer away, which may then be moved over another stream.
  std::unique_ptr<tls_stream> take_tls() noexcept { return std::move(tls_); }
  std::unique_ptr<websocket_stream> take_ws() noexcept { return std::move(ws_); }

  /// Whether a part of what has come is kept here and not in the socket any more.
  bool holds_bytes() const noexcept {
    return (tls_ && tls_->holds_bytes()) || (ws_ && ws_->holds_memory());
  }

  void add(std::unique_ptr<tls_stream> made) noexcept { tls_ = std::move(made); }
  void add(std::unique_ptr<websocket_stream> made) noexcept { ws_ = std::move(made); }
  /// What a handshake that has failed leaves behind is of no use to the next one.
  void clear() noexcept {
    ws_.reset();
    tls_.reset();
  }

 private:
  plain_stream& bare_;
  std::unique_ptr<tls_stream> tls_;
  std::unique_ptr<websocket_stream> ws_;  // over TLS, and gone before it
};

}  // namespace relay::transport
