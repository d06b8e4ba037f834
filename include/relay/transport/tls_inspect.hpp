#pragma once

#include <relay/config/transport.hpp>

#include <chrono>
#include <string>
#include <vector>

/// Files that can be used, and of which an operator should know something all the same.
namespace relay::transport {

struct tls_warning {
  std::string item;  ///< of the transport's text: `cert`
  std::string message;
  std::string hint;
};

/// What certificates are looked at against.
struct tls_surroundings {
  std::chrono::system_clock::time_point now;
  std::vector<std::string> authorities;  ///< files that the configuration trusts anywhere
};

/// Dates, what a chain lacks, and who may read a key.
std::vector<tls_warning> inspect(const config::tls_listen_options& what,
                                 const tls_surroundings& with);
std::vector<tls_warning> inspect(const config::tls_dial_options& what,
                                 const tls_surroundings& with);

/// Whether OpenSSL finds anybody to believe where no `ca` is given.
bool system_has_authorities();

}  // namespace relay::transport
