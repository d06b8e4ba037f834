#pragma once

#include <relay/config/config.hpp>
#include <relay/config/load.hpp>
#include <relay/transport/layers.hpp>

#include <vector>

namespace relay::forward {

/// What `listen_transport` and `remote_transport` of an endpoint stand for, ready to be used.
struct endpoint_layers {
  transport::listen_layers in;
  transport::dial_layers out;
};

/// Of each endpoint, in order. Reads certificates and keys, and makes the self-signed ones, which
/// endpoints of the same `servername` share. Whatever cannot be used is added to `problems`, with
/// the place of its key.
std::vector<endpoint_layers> make_layers(const config::settings& of,
                                         std::vector<config::problem>& problems);

}  // namespace relay::forward
