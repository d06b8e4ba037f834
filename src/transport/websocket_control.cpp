#include <relay/transport/websocket_stream.hpp>

#include <algorithm>
#include <utility>

/// What websocket_stream says beside payload: pongs, pings, closes. It leaves between frames.
namespace relay::transport {
namespace {

using wire::ws_event;
using wire::ws_header_bytes;
using wire::ws_opcode;

constexpr io_result done{io::moved, false, 0, 0, {}};
// Pongs that wait for a peer that reads nothing. Of those that find no room only the newest is
// kept: it answers all (RFC 6455, 5.5.3).
constexpr std::size_t most_own_output = 1024;

io_result failed(const error_code& ec) { return {io::failed, false, 0, 0, ec}; }

void append(std::vector<std::byte>& to, std::span<const std::byte> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace

websocket_stream::own_output& websocket_stream::own() {
  if (!own_) own_ = std::make_unique<own_output>();
  return *own_;
}

std::vector<std::byte> websocket_stream::frame_of(ws_opcode opcode,
                                                  std::span<const std::byte> payload) const {
  std::vector<std::byte> made;
  append(made, ws_header_bytes(opcode, payload.size(), role_).span());
  append(made, payload);
  return made;
}

void websocket_stream::answer(ws_event event) {
  switch (event) {
    case ws_event::none:
    case ws_event::message:
      break;
    case ws_event::ping:
      return answer_ping();
    case ws_event::pong:
      if (pinger_) pinger_->answered();
      if (messages_) messages_->has_pong = true;
      break;
    case ws_event::close:
      return answer_close();
    case ws_event::refused:
      why_ = decoder_.error();
      break;
  }
}

void websocket_stream::ping(std::span<const std::byte> payload) {
  if (shut_ || owes()) return;  // what waits says as much, as soon as it goes
  append(own().frames, frame_of(ws_opcode::ping, payload));
}

void websocket_stream::say_goodbye(std::uint16_t code, std::string_view reason) {
  if (shut_ || told_ || promised_ > 0) return;
  std::vector<std::byte> payload{static_cast<std::byte>(code >> 8),
                                 static_cast<std::byte>(code & 0xff)};
  append(payload, std::as_bytes(std::span(reason))
                      .first(std::min<std::size_t>(reason.size(),
                                                   wire::longest_ws_control - payload.size())));
  append(own().frames, frame_of(ws_opcode::close, payload));
  (void)send_own();  // it is closed at once, whatever comes of it
}

void websocket_stream::answer_ping() {
  if (shut_) return;
  auto pong = frame_of(ws_opcode::pong, decoder_.control());
  auto& to = own();
  if (to.newest.empty() && to.frames.size() + pong.size() <= most_own_output) {
    append(to.frames, pong);
  } else {
    to.newest = std::move(pong);
  }
}

// The peer has ended its direction only: what it asked for is still sent, and our close behind it.
// Something wrong in its close makes it no less an end; it gets to hear of it.
void websocket_stream::answer_close() {
  ended_ = true;
  pinger_.reset();
  if (shut_) return;
  const auto payload = decoder_.control();
  const auto wrong = wire::wrong_in_close(payload);
  own().close = wrong ? frame_of(ws_opcode::close, wire::close_payload(*wrong))
                      : frame_of(ws_opcode::close, payload);
}

// RFC 6455, 7.1.7. Told when the reader hears of it, since whoever writes stops then too. Within a
// frame that was begun there is no room for it.
void websocket_stream::tell_what_is_wrong() {
  using wire::ws_close;
  const bool is_flood = why_ == errc::flood;
  if (told_ || shut_ || promised_ > 0 || (!decoder_.error() && !is_flood)) return;
  told_ = true;
  const auto code = is_flood ? ws_close::policy : ws_close::protocol_error;
  append(own().frames, frame_of(ws_opcode::close, wire::close_payload(code)));
  (void)send_own();  // the connection is over, whatever comes of it
}

io_result websocket_stream::ping_when_due() {
  using verdict = websocket_pinger::verdict;
  // Something waits, so the peer does not read: it hears from us as soon as it does.
  if (own_ || promised_ > 0) return done;
  switch (pinger_->ask()) {
    case verdict::nothing:
      return done;
    case verdict::ping:
      append(own().frames, frame_of(ws_opcode::ping, {}));
      return done;
    case verdict::dead:
      break;
  }
  // Its pong may wait behind payload that nobody takes from us at the moment.
  if (below_.receive_memory() > 0) {
    pinger_->heard();
    return done;
  }
  why_ = wire::ws_errc::no_pong;
  return failed(why_);
}

bool websocket_stream::owes() const noexcept {
  return own_ && (!own_->frames.empty() || !own_->newest.empty());
}

/// Called between frames only.
io_result websocket_stream::send_own() {
  auto& own = *own_;
  for (;;) {
    while (own.at < own.frames.size()) {
      const auto out = below_.write_some(std::span(own.frames).subspan(own.at));
      if (out.what != io::moved) return out;
      sent();
      own.at += out.bytes;
    }
    own.frames = std::exchange(own.newest, {});
    own.at = 0;
    if (own.frames.empty()) break;
  }
  if (own.close.empty()) own_.reset();
  return done;
}

io_result websocket_stream::flush() {
  if (const auto out = below_.flush(); out.what != io::moved) return out;
  if (pinger_) {
    if (const auto out = ping_when_due(); out.what != io::moved) return out;
  }
  if (!owes()) return done;
  // Behind the frame that was begun; whoever writes the rest of it is woken then.
  if (promised_ > 0) return {io::blocked, false, 0, 0, {}};
  return send_own();
}

}  // namespace relay::transport
