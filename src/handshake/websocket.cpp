#include "websocket.hpp"

#include "layer_io.hpp"

#include <relay/base/random.hpp>
#include <relay/wire/websocket_handshake.hpp>

#include <boost/asio/this_coro.hpp>

#include <array>
#include <cerrno>
#include <utility>

namespace relay::handshake {

using transport::layered;
using transport::listen_layers;
using transport::stream;
using transport::websocket_stream;
namespace {

using net::seen;

constexpr auto anything = seen::readable | seen::hangup | seen::broken;

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

task<> refuse(stream& whom, const wire::ws_head_refusal& why, tools with) {
  const auto limit = with.limit.count() > 0 ? with.limit : longest_parting;
  net::readiness ready(co_await asio::this_coro::executor, with.wheel, limit);
  const notified told(whom, ready);
  std::string answer(why.answer);
  const auto ec = co_await write_all(whom, std::move(answer), ready);
  if (!ec) co_await part_from(whom, ready);
}

result<std::string> new_key() {
  std::array<std::byte, 16> noise{};
  if (const auto ec = fill_random(noise)) return ec;
  return wire::ws_key(noise);
}

// Somebody else is to answer it, and has to hear all of it.
outcome visit(outcome of, std::string head) {
  of.is_visitor = true;
  of.said = std::move(head);
  return of;
}

/// Whether a request that broke off there is worth to be handed over: a web server has its own time
/// for the rest, and its own opinion of half a request. Who has said nothing and goes wants
/// nothing.
bool is_visit(const outcome& failed) {
  return failed.ec == errc::timed_out || (failed.ec == errc::truncated && failed.begun);
}

// What is over a socket from here on.
void add_frames(layered& over, stream& below, wire::ws_role role, std::span<const std::byte> come,
                const config::ws_options& as, tools with) {
  auto made = std::make_unique<websocket_stream>(below, role, come);
  if (as.ping.count() > 0) {
    made->keep_alive(over.bare().socket().on(), with.wheel, as.ping);
  }
  over.add(std::move(made));
}

}  // namespace

task<outcome> accept_websocket(layered& over, const listen_layers& what, tools with,
                               net::readiness& ready) {
  outcome made;
  made.phase = "WebSocket handshake";
  auto& below = over.top();
  std::string head;
  wire::ws_request asked;
  {
    const notified told(below, ready);
    for (;;) {
      made.ec = co_await read_more(below, head, ready);
      made.begun = !head.empty();
      if (made.ec && what.hands_over && is_visit(made)) {
        co_return visit(std::move(made), std::move(head));
      }
      if (made.ec) co_return made;
      auto answer = wire::read_ws_request(head, what.ws->host, what.ws->path, what.ws->protocol);
      if (const auto* no = std::get_if<wire::ws_head_refusal>(&answer)) {
        made.ec = errc::handshake_refused;
        made.more = no->why;
        if (what.hands_over) co_return visit(std::move(made), std::move(head));
        if (!what.is_silent) co_await refuse(below, *no, with);
        co_return made;
      }
      if (auto* yes = std::get_if<wire::ws_request>(&answer)) {
        asked = std::move(*yes);
        break;
      }
      if (what.hands_over && !wire::may_become_ws_request(head, what.ws->path)) {
        made.ec = errc::handshake_refused;
        made.more = "another request";
        co_return visit(std::move(made), std::move(head));
      }
    }
    auto reply = wire::write_ws_reply(asked.key, asked.protocol);
    made.ec = co_await write_all(below, std::move(reply), ready);
    if (made.ec) co_return made;
  }
  const auto come = behind(head, asked.size);
  add_frames(over, below, wire::ws_role::server, come, *what.ws, with);
  if (come.empty()) made.ec = co_await hold_back(over);
  co_return made;
}

task<outcome> dial_websocket(layered& over, const config::ws_options& asks, bool speaks, tools with,
                             net::readiness& ready) {
  outcome made;
  made.phase = "WebSocket handshake";
  auto& below = over.top();
  const notified told(below, ready);
  const auto key = new_key();
  if (!key) {
    made.ec = key.error();
    made.more = "the kernel gives no random bytes for the key: " + describe(made.ec);
    co_return made;
  }
  auto request = wire::write_ws_request(asks.host, asks.path, *key, asks.protocol);
  made.ec = co_await write_all(below, std::move(request), ready);
  if (made.ec) co_return made;
  std::string head;
  for (;;) {
    made.ec = co_await read_more(below, head, ready);
    made.begun = !head.empty();
    if (made.ec) co_return made;
    const auto answer = wire::read_ws_reply(head, *key, asks.protocol);
    if (const auto* no = std::get_if<wire::ws_head_refusal>(&answer)) {
      made.ec = errc::handshake_refused;
      made.more = no->why;
      co_return made;
    }
    if (const auto* yes = std::get_if<wire::ws_reply>(&answer)) {
      const auto come = behind(head, yes->size);
      add_frames(over, below, wire::ws_role::client, come, asks, with);
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

}  // namespace relay::handshake
