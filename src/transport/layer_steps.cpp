#include "layer_io.hpp"
#include "websocket_steps.hpp"

#include <relay/transport/layer_steps.hpp>

#include <boost/asio/this_coro.hpp>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace relay::transport {
namespace {

using net::seen;

/// The first bytes that wait there, as far as they have come; none: not yet.
struct glance {
  error_code ec;
  std::array<std::byte, 2> bytes{};
  std::size_t count = 0;

  /// Whether a record of a handshake may begin like that.
  bool may_be_tls() const {
    constexpr std::byte handshake{22};
    constexpr std::byte version{3};
    return bytes[0] == handshake && (count < 2 || bytes[1] == version);
  }
};

glance look_at(net::watch& of) {
  glance first;
  for (;;) {
    const auto count = ::recv(of.fd(), first.bytes.data(), first.bytes.size(), MSG_PEEK);
    if (count > 0) {
      first.count = static_cast<std::size_t>(count);
      return first;
    }
    if (count == 0) first.ec = errc::truncated;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) first.ec = last_system_error();
    return first;
  }
}

// An event alone does not say that there is one: an end is an event too, and a step before this one
// may have left the socket empty.
task<glance> first_bytes(net::watch& of, net::readiness& ready) {
  for (;;) {
    glance first;
    first.ec = co_await ready.wait(of, seen::readable);
    if (first.ec) co_return first;
    first = look_at(of);
    if (first.ec.value() != EAGAIN) co_return first;
    of.clear(seen::readable);
  }
}

task<error_code> shake_tls(tls_stream& on, net::readiness& ready) {
  const notified told(on, ready);
  for (;;) {
    const auto now = on.handshake();
    if (now.what == io::moved) co_return error_code();
    if (now.what == io::failed) co_return now.ec;
    if (now.what == io::end) co_return make_error_code(errc::truncated);
    error_code ec;
    if (now.again) {
      ec = co_await ready.others_first();
    } else {
      ec = co_await ready.woken();
    }
    if (ec) co_return ec;
  }
}

task<handshake_outcome> add_tls(layered& over, tls_handle session, tls_engine& shared,
                                net::readiness& ready) {
  handshake_outcome made;
  if (!session) {
    made.ec = make_error_code(boost::system::errc::not_enough_memory);
    co_return made;
  }
  auto on = std::make_unique<tls_stream>(over.bare(), shared, std::move(session));
  made.ec = co_await shake_tls(*on, ready);
  over.add(std::move(on));
  co_return made;
}

}  // namespace

task<handshake_outcome> open_for_client(layered& over, const listen_layers& what,
                                        handshake_tools with) {
  net::readiness ready(co_await asio::this_coro::executor, with.wheel, with.limit);
  handshake_outcome made;
  if (!what.tls) made.phase = "WebSocket handshake";
  // Who only keeps a connection open costs neither a session of OpenSSL nor a buffer.
  const auto first = co_await first_bytes(over.bare().socket(), ready);
  made.ec = first.ec;
  // A web server would wait for its own time. Without TLS there is nothing that it could say.
  made.is_visitor = what.hands_over && !what.tls && made.ec == errc::timed_out;
  if (made.ec) co_return made;
  if (what.tls && what.hands_over && !first.may_be_tls()) {
    made.ec = errc::handshake_refused;
    made.more = "what came is not TLS";
    made.begun = made.is_visitor = true;
    co_return made;
  }
  if (what.tls) {
    auto session = what.tls->open();
    made = co_await add_tls(over, std::move(session), with.tls, ready);
    made.begun = true;
    if (made.ec) co_return made;
  }
  if (what.ws) made = co_await accept_websocket(over, what, with, ready);
  co_return made;
}

task<handshake_outcome> open_to_remote(layered& over, const dial_layers& what, ip_endpoint to,
                                       bool speaks, handshake_tools with) {
  net::readiness ready(co_await asio::this_coro::executor, with.wheel, with.limit);
  handshake_outcome made;
  if (what.tls) {
    auto session = what.tls->open(to);
    made = co_await add_tls(over, std::move(session), with.tls, ready);
    if (made.ec) co_return made;
  }
  if (what.ws) made = co_await dial_websocket(over, *what.ws, speaks, with, ready);
  co_return made;
}

}  // namespace relay::transport
