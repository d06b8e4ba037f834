#pragma once

#include <relay/net/readiness.hpp>
#include <relay/transport/layer_steps.hpp>

/// The WebSocket handshake of either side, over what is there already.
namespace relay::transport {

task<handshake_outcome> accept_websocket(layered& over, const listen_layers& what,
                                         handshake_tools with, net::readiness& ready);

task<handshake_outcome> dial_websocket(layered& over, const config::ws_options& asks, bool speaks,
                                       handshake_tools with, net::readiness& ready);

}  // namespace relay::transport
