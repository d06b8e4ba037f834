#include <relay/transport/layers.hpp>

namespace relay::transport {

stream& layered::top() noexcept {
  if (ws_) return *ws_;
  if (tls_) return *tls_;
  return bare_;
}

}  // namespace relay::transport
