#pragma once

#include <relay/handshake/layers.hpp>
#include <relay/net/readiness.hpp>

/// The WebSocket handshake of either side, over what is there already.
namespace relay::handshake {

task<outcome> accept_websocket(transport::layered& over, const transport::listen_layers& what,
                               tools with, net::readiness& ready);

task<outcome> dial_websocket(transport::layered& over, const config::ws_options& asks, bool speaks,
                             tools with, net::readiness& ready);

}  // namespace relay::handshake
