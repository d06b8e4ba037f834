#pragma once

#include <relay/config/config.hpp>
#include <relay/config/load.hpp>
#include <relay/transport/layers.hpp>

#include <optional>
#include <string>
#include <vector>

namespace relay::forward {

/// What `listen_transport` and `remote_transport` of an endpoint stand for, ready to be used.
struct endpoint_layers {
  transport::listen_layers in;
  transport::dial_layers out;
};

/// Of each endpoint, in order. Reads certificates and keys, and makes the self-signed ones, which
/// endpoints of the same `servername` share. Whatever cannot be used is added to `problems`, with
/// its place, and so is what an operator should know, as warnings. `credentials` is where
/// `$CREDENTIALS_DIRECTORY` leads.
std::vector<endpoint_layers> make_layers(const config::settings& of,
                                         std::vector<config::problem>& problems,
                                         const std::optional<std::string>& credentials = {});

}  // namespace relay::forward
