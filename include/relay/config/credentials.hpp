#pragma once

#include <relay/base/parsed.hpp>
#include <relay/config/transport.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Files that a service manager hands to one unit alone: systemd's LoadCredential= puts copies into
/// a folder that only the unit's process may read, and names it in `$CREDENTIALS_DIRECTORY`.
namespace relay::config {

/// A path with `$CREDENTIALS_DIRECTORY/` or `${CREDENTIALS_DIRECTORY}/` at its beginning replaced;
/// every other path as it is. `folder` is the variable's value.
parsed<std::string> expand_credentials(std::string path, const std::optional<std::string>& folder);

/// An item whose path cannot be had.
struct credentials_problem {
  std::string_view item;  ///< `key`
  std::string message;
};

/// All paths of a transport.
std::vector<credentials_problem> expand_credentials(tls_listen_options& in,
                                                    const std::optional<std::string>& folder);
std::vector<credentials_problem> expand_credentials(tls_dial_options& in,
                                                    const std::optional<std::string>& folder);

}  // namespace relay::config
