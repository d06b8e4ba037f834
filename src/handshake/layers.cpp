#include "layer_io.hpp"
#include "websocket.hpp"

#include <relay/handshake/layers.hpp>
#include <relay/net/socket.hpp>
#include <relay/transport/tls_error.hpp>
#include <relay/wire/tls_record.hpp>

#include <boost/asio/this_coro.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace relay::handshake {

using transport::dial_layers;
using transport::io;
using transport::layered;
using transport::listen_layers;
using transport::no_tls;
using transport::tls_handle;
using transport::tls_stream;
namespace {

using net::seen;

constexpr auto anything = seen::readable | seen::hangup | seen::broken;

error_code look_for_byte(net::watch& of) {
  std::byte next{};
  for (;;) {
    const auto count = ::recv(of.fd(), &next, 1, MSG_PEEK);
    if (count > 0) return {};
    if (count == 0) return errc::truncated;
    if (errno != EINTR) return last_system_error();
  }
}

// An event alone does not say that there is one: an end is an event too, and a step before this one
// may have left the socket empty.
task<error_code> first_byte(net::watch& of, net::readiness& ready) {
  for (;;) {
    auto ec = co_await ready.wait(of, seen::readable);
    if (ec) co_return ec;
    ec = look_for_byte(of);
    if (ec.value() != EAGAIN) co_return ec;
    of.clear(seen::readable);
  }
}

// Of what is there; 0: nothing yet.
result<std::size_t> look_ahead(int fd, std::span<std::byte> into) {
  for (;;) {
    const auto count = ::recv(fd, into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) return make_error_code(errc::truncated);
    if (errno == EAGAIN) return std::size_t{0};
    if (errno != EINTR) return last_system_error();
  }
}

// Unread bytes would make a reset of closing the socket.
constexpr std::size_t most_ignored = std::size_t{1} << 20;
void throw_away(int fd) { (void)::recv(fd, nullptr, most_ignored, MSG_TRUNC | MSG_DONTWAIT); }

// Waits until the client's first record is in the socket, so that nothing is made for one that does
// not get so far, or speaks something else, which is left there. `strict`: nothing but a handshake
// may come first; else that is for an alert of TLS to say. `any`: something has come.
task<error_code> first_record(net::watch& of, net::readiness& ready, bool strict, bool& any) {
  constexpr std::byte handshake{22};
  for (;;) {
    const bool is_over = net::has(of.events(), seen::hangup);  // before the look: it is the last
    std::array<std::byte, wire::tls_header_bytes> head{};
    const auto come = look_ahead(of.fd(), head);
    if (!come) co_return come.error();
    any = any || *come > 0;
    const auto begins = wire::read_tls_beginning(std::span(head).first(*come));
    const bool is_other = strict && *come > 0 && head[0] != handshake;
    if (is_other || begins.what == wire::tls_begin::alien) co_return no_tls();
    if (begins.what == wire::tls_begin::record && net::has_unread(of.fd(), begins.wanted)) {
      of.mark(seen::readable);
      co_return error_code();
    }
    if (is_over) {
      const auto ec =
          net::has(of.events(), seen::broken) ? net::pending_error(of.fd()) : error_code();
      co_return ec ? ec : make_error_code(errc::truncated);
    }
    of.clear(seen::readable);
    const auto ec = co_await ready.wait(of, anything);
    if (ec) co_return ec;
  }
}

// A client that leaves small packets to Nagle's algorithm keeps its first request back until the
// end of its handshake is acknowledged. No ticket goes out at once that would do so, and the kernel
// would wait 40 ms for something to send.
void acknowledge_now(int fd) noexcept {
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
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

task<outcome> add_tls(layered& over, tls_handle session, transport::tls_engine& shared,
                      net::readiness& ready) {
  outcome made;
  if (!session) {
    made.ec = make_error_code(boost::system::errc::not_enough_memory);
    co_return made;
  }
  auto on = std::make_unique<tls_stream>(over.bare(), shared, std::move(session));
  made.ec = co_await shake_tls(*on, ready);
  if (transport::is_certificate_error(made.ec)) made.more = on->mismatch();
  over.add(std::move(on));
  co_return made;
}

}  // namespace

task<outcome> open_for_client(layered& over, const listen_layers& what, tools with) {
  net::readiness ready(co_await asio::this_coro::executor, with.wheel, with.limit);
  outcome made;
  if (!what.tls) made.phase = "WebSocket handshake";
  // Anyone who only keeps a connection open costs neither a session of OpenSSL nor a buffer.
  auto& socket = over.bare().socket();
  if (what.tls) {
    made.ec = co_await first_record(socket, ready, what.hands_over, made.begun);
    if (made.ec == no_tls() && what.hands_over) {
      made.is_visitor = true;
    } else if (made.ec == no_tls()) {
      throw_away(socket.fd());
    }
  } else {
    made.ec = co_await first_byte(socket, ready);
    // A web server would wait for its own time. With TLS there is nothing that it could say.
    made.is_visitor = what.hands_over && made.ec == errc::timed_out;
  }
  if (made.ec) co_return made;
  if (what.tls) {
    auto session = what.tls->open();
    made = co_await add_tls(over, std::move(session), with.tls, ready);
    made.begun = true;
    if (made.ec) co_return made;
    acknowledge_now(socket.fd());
  }
  if (what.ws) made = co_await accept_websocket(over, what, with, ready);
  co_return made;
}

task<outcome> open_to_remote(layered& over, const dial_layers& what, ip_endpoint to, bool speaks,
                             tools with) {
  net::readiness ready(co_await asio::this_coro::executor, with.wheel, with.limit);
  outcome made;
  if (what.tls) {
    auto session = what.tls->open(to);
    made = co_await add_tls(over, std::move(session), with.tls, ready);
    if (made.ec) co_return made;
  }
  if (what.ws) made = co_await dial_websocket(over, *what.ws, speaks, with, ready);
  co_return made;
}

}  // namespace relay::handshake
