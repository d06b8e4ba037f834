#include <relay/net/listener.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace relay::net {
namespace {

// So many in a row, then the sessions have their turn.
constexpr int batch = 64;

// What a client can cause by leaving before it is accepted, and what accept(2) tells Linux programs
// to treat so: errors of the new connection's network.
bool is_of_the_client(int error) noexcept {
  switch (error) {
    case ECONNABORTED:
    case EINTR:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM:  // a firewall rule
      return true;
    default:
      return false;
  }
}

}  // namespace

listener::listener(poller& on, timer_wheel& wheel, events handlers)
    : socket_(on), wheel_(wheel), handlers_(std::move(handlers)) {}

listener::~listener() { stop(); }

error_code listener::start(unique_fd listening) {
  // Who waits already is told of by the poller, as everything that is true when it is added.
  if (const auto ec = socket_.attach(std::move(listening))) return ec;
  socket_.notify(this);
  return {};
}

void listener::stop() noexcept {
  disarm();
  socket_.notify(nullptr);
  socket_.close();
}

void listener::resume() {
  if (socket_.fd() >= 0) socket_.on().schedule(*this);
}

void listener::finish() {
  if (socket_.fd() < 0) return;
  socket_.mark(seen::readable);  // the poller may not have told yet
  while (handlers_.admit()) {
    if (accept_one()) continue;
    handlers_.not_used();
    return;
  }
}

void listener::wake() {
  if (is_armed()) return;  // pausing
  for (int i = 0; i < batch; ++i) {
    if (!has(socket_.events(), seen::readable) || !handlers_.admit()) return;
    if (!accept_one()) {
      handlers_.not_used();
      return;
    }
  }
  resume();
}

bool listener::accept_one() {
  for (;;) {
    socket_address peer;
    const int fd = ::accept4(socket_.fd(), peer.data(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      handlers_.accepted(unique_fd(fd), peer.endpoint());
      return true;
    }
    if (errno == EAGAIN) {
      socket_.clear(seen::readable);
      return false;
    }
    if (is_of_the_client(errno)) continue;
    const auto why = last_system_error();
    wheel_.arm(*this, retry_after);
    handlers_.failed(why);
    return false;
  }
}

}  // namespace relay::net
