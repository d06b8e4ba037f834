#include "layer_io.hpp"

#include <relay/transport/layer_steps.hpp>
#include <relay/wire/websocket_handshake.hpp>

#include <boost/asio/this_coro.hpp>

#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace relay::transport {
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

std::span<const std::byte> behind(const std::string& head, std::size_t size) {
  return std::as_bytes(std::span(head)).subspan(size);
}

// A client of ours says with an empty frame that it is there; one of realm's says nothing until it
// has payload.
task<error_code> hold_back(layered& over) {
  if (over.tls() != nullptr && over.tls()->holds_bytes()) co_return error_code();
  const auto until = std::chrono::steady_clock::now() + first_frame_delay;
  net::readiness ready(co_await asio::this_coro::executor, until);
  const auto ec = co_await ready.wait(over.bare().socket(), anything);
  co_return ec == errc::timed_out ? error_code() : ec;
}

// Visitors who do not leave are left: after as long as a handshake may take, or after this.
constexpr std::chrono::milliseconds longest_parting{10000};

task<> refuse(stream& whom, const wire::ws_head_refusal& why, handshake_tools with) {
  const auto limit = with.limit.count() > 0 ? with.limit : longest_parting;
  net::readiness ready(co_await asio::this_coro::executor, with.wheel, limit);
  const notified told(whom, ready);
  std::string answer(why.answer);
  const auto ec = co_await write_all(whom, std::move(answer), ready);
  if (!ec) co_await part_from(whom, ready);
}

task<handshake_outcome> accept_websocket(layered& over, const listen_layers& what,
                                         handshake_tools with, net::readiness& ready) {
  handshake_outcome made;
  made.phase = "WebSocket handshake";
  auto& below = over.top();
  std::string head;
  wire::ws_request asked;
  {
    const notified told(below, ready);
    for (;;) {
      made.ec = co_await read_more(below, head, ready);
      made.begun = !head.empty();
      if (made.ec) co_return made;
      auto answer = wire::read_ws_request(head, what.ws->host, what.ws->path);
      if (const auto* no = std::get_if<wire::ws_head_refusal>(&answer)) {
        made.ec = errc::handshake_refused;
        made.more = no->why;
        if (!what.is_silent) co_await refuse(below, *no, with);
        co_return made;
      }
      if (auto* yes = std::get_if<wire::ws_request>(&answer)) {
        asked = std::move(*yes);
        break;
      }
    }
    auto reply = wire::write_ws_reply(asked.key);
    made.ec = co_await write_all(below, std::move(reply), ready);
    if (made.ec) co_return made;
  }
  const auto come = behind(head, asked.size);
  over.add(std::make_unique<websocket_stream>(below, wire::ws_role::server, come));
  if (come.empty()) made.ec = co_await hold_back(over);
  co_return made;
}

result<std::string> new_key() {
  std::array<std::byte, 16> noise{};
  if (::getrandom(noise.data(), noise.size(), 0) != static_cast<ssize_t>(noise.size())) {
    return last_system_error();
  }
  return wire::ws_key(noise);
}

task<handshake_outcome> dial_websocket(layered& over, const config::ws_options& asks, bool speaks,
                                       net::readiness& ready) {
  handshake_outcome made;
  made.phase = "WebSocket handshake";
  auto& below = over.top();
  const notified told(below, ready);
  const auto key = new_key();
  if (!key) {
    made.ec = key.error();
    co_return made;
  }
  auto request = wire::write_ws_request(asks.host, asks.path, *key);
  made.ec = co_await write_all(below, std::move(request), ready);
  if (made.ec) co_return made;
  std::string head;
  for (;;) {
    made.ec = co_await read_more(below, head, ready);
    made.begun = !head.empty();
    if (made.ec) co_return made;
    const auto answer = wire::read_ws_reply(head, *key);
    if (const auto* no = std::get_if<wire::ws_head_refusal>(&answer)) {
      made.ec = errc::handshake_refused;
      made.more = no->why;
      co_return made;
    }
    if (const auto* yes = std::get_if<wire::ws_reply>(&answer)) {
      const auto come = behind(head, yes->size);
      over.add(std::make_unique<websocket_stream>(below, wire::ws_role::client, come));
      break;
    }
  }
  if (speaks) co_return made;
  // An empty frame: a server of ours need not wait to find out that we are there. One that has
  // reset already may have said something before, which is still delivered.
  const auto hello = wire::ws_header_bytes(wire::ws_opcode::binary, 0, wire::ws_role::client);
  const auto bytes = hello.span();
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  made.ec = co_await write_all(below, std::move(text), ready);
  if (made.ec.value() == ECONNRESET || made.ec.value() == EPIPE) made.ec = {};
  co_return made;
}

}  // namespace

task<handshake_outcome> open_for_client(layered& over, const listen_layers& what,
                                        handshake_tools with) {
  net::readiness ready(co_await asio::this_coro::executor, with.wheel, with.limit);
  handshake_outcome made;
  if (!what.tls) made.phase = "WebSocket handshake";
  // Who only keeps a connection open costs neither a session of OpenSSL nor a buffer.
  made.ec = co_await first_byte(over.bare().socket(), ready);
  if (made.ec) co_return made;
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
  if (what.ws) made = co_await dial_websocket(over, *what.ws, speaks, ready);
  co_return made;
}

}  // namespace relay::transport
