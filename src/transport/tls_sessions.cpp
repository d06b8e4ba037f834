#include "tls_sessions.hpp"

#include <openssl/ssl.h>

#include <algorithm>

namespace relay::transport {

tls_sessions::place& tls_sessions::place_of(const ip_endpoint& remote) {
  const std::lock_guard only(mutex_);
  auto at = std::ranges::find_if(
      places_, [&](const place& each) { return each.used_ != 0 && each.remote_ == remote; });
  if (at == places_.end()) {
    at = std::ranges::min_element(places_, {}, &place::used_);
    at->remote_ = remote;
    at->newest_.reset();
  }
  at->used_ = ++uses_;
  return *at;
}

session_ptr tls_sessions::copy(const place& from) {
  std::shared_ptr<SSL_SESSION> newest;
  {
    const std::lock_guard only(mutex_);
    newest = from.newest_;
  }
  return session_ptr(newest ? SSL_SESSION_dup(newest.get()) : nullptr);
}

void tls_sessions::keep(place& in, const SSL_SESSION* newest) {
  std::shared_ptr<SSL_SESSION> copied(SSL_SESSION_dup(newest), &SSL_SESSION_free);
  if (!copied) return;
  const std::lock_guard only(mutex_);
  in.newest_.swap(copied);
}

}  // namespace relay::transport
