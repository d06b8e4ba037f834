#include "tls_sessions.hpp"

#include <openssl/ssl.h>

#include <algorithm>

namespace relay::transport {

std::size_t tls_sessions::place_of(const ip_endpoint& remote) {
  const std::lock_guard only(mutex_);
  auto at = std::ranges::find_if(
      slots_, [&](const slot& each) { return each.used != 0 && each.remote == remote; });
  if (at == slots_.end()) {
    at = std::ranges::min_element(slots_, {}, &slot::used);
    *at = slot{remote, 0, nullptr};
  }
  at->used = ++uses_;
  return static_cast<std::size_t>(at - slots_.begin());
}

session_ptr tls_sessions::copy(std::size_t place) {
  std::shared_ptr<SSL_SESSION> newest;
  {
    const std::lock_guard only(mutex_);
    newest = slots_[place].newest;
  }
  return session_ptr(newest ? SSL_SESSION_dup(newest.get()) : nullptr);
}

void tls_sessions::keep(std::size_t place, const SSL_SESSION* newest) {
  std::shared_ptr<SSL_SESSION> copied(SSL_SESSION_dup(newest), &SSL_SESSION_free);
  if (!copied) return;
  const std::lock_guard only(mutex_);
  slots_[place].newest.swap(copied);
}

}  // namespace relay::transport
