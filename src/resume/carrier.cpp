#include <relay/resume/carrier.hpp>

#include <utility>

namespace relay::resume {

carrier_in_transit pack(std::unique_ptr<carrier> what) {
  carrier_in_transit made;
  made.tls = what->over.take_tls();
  made.ws = what->over.take_ws();
  made.come = std::move(what->come);
  made.socket = what->bare.socket().release();
  return made;
}

std::unique_ptr<carrier> unpack(carrier_in_transit what, net::poller& on,
                                transport::tls_engine* tls) {
  auto made = std::make_unique<carrier>(on);
  const auto ec = made->bare.socket().attach(std::move(what.socket), net::seen::writable);
  // What has come already is announced when the socket comes onto the poller; what the layers hold
  // is announced by nobody.
  made->bare.socket().mark(net::seen::readable);
  if (what.tls) {
    made->over.add(std::make_unique<transport::tls_stream>(std::move(*what.tls), made->bare, *tls));
  }
  if (what.ws) {
    auto& below = made->over.top();
    made->over.add(std::make_unique<transport::websocket_stream>(std::move(*what.ws), below));
  }
  made->come = std::move(what.come);
  if (ec) return nullptr;
  return made;
}

}  // namespace relay::resume
