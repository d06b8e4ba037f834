#include <relay/forward/warm_connection.hpp>
#include <relay/net/socket.hpp>

#include <algorithm>

namespace relay::forward {
warm_connection::warm_connection(pump::workspace& shared, warm_booking paid)
    : shared_(shared), paid_(std::move(paid)), bare_(shared.poller()) {}

// Nobody has come for it: the remote sees an end. Bytes that were not read, and TLS without a
// goodbye, would make a reset of that.
warm_connection::~warm_connection() {
  bare_.notify(nullptr);
  if (told_ == nullptr) return;
  (void)over_.top().read_some(shared_.buffer());
  (void)over_.top().shutdown_write();
}

void warm_connection::wait(owner& told, const ip_endpoint& to, const warm_policy::life& life) {
  told_ = &told;
  to_ = to;
  life_ = life;
  over_.top().notify(this);
  shared_.poller().schedule(*this);  // what has come already is announced by nobody
}

void warm_connection::wake() {
  if (!is_alive()) told_->lost(*this);
}

bool warm_connection::is_alive() {
  using net::seen;
  if (net::has(bare_.socket().events(), seen::hangup | seen::broken | seen::reset)) return false;
  // Without layers all that comes stays in the socket.
  return &over_.top() == &bare_ || listen();
}

// Tickets, pings, a goodbye: what stands between the payload is dealt with now. The first payload
// is kept; what follows it stays below.
bool warm_connection::listen() {
  auto& top = over_.top();
  if (top.flush().what == transport::io::failed) return false;
  for (std::size_t work = 0; heard_.empty();) {
    if (work >= transport::turn_budget) {  // a remote that has that much to say waits like others
      shared_.poller().schedule(*this);
      break;
    }
    const auto room = shared_.buffer();
    const auto in = top.read_some(room);
    if (in.what == transport::io::end || in.what == transport::io::failed) return false;
    const auto come = room.first(in.bytes);
    heard_.assign(come.begin(), come.end());
    if (in.what == transport::io::blocked || !in.again) break;
    work += in.overhead;
  }
  return true;
}

// An end that is still on its way to us cannot be seen; one that the kernel knows of is.
bool warm_connection::is_fit() {
  if (net::peer_has_ended(bare_.socket().fd())) return false;
  // The poller may not have told yet.
  if (&over_.top() != &bare_) bare_.socket().mark(net::seen::readable);
  return is_alive();
}

void warm_connection::hand_over() {
  told_ = nullptr;
  over_.top().notify(nullptr);
  unschedule();
  paid_.release();
}

}  // namespace relay::forward
