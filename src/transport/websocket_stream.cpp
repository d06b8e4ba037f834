#include <relay/transport/websocket_stream.hpp>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace relay::transport {
namespace {

using wire::ws_event;
using wire::ws_header_bytes;
using wire::ws_opcode;

constexpr io_result done{io::moved, false, 0, 0, {}};
// Pongs that wait for a peer that reads nothing; pings beyond that are not answered, as the
// standard allows.
constexpr std::size_t most_own_output = 4096;

io_result failed(const error_code& ec) { return {io::failed, false, 0, 0, ec}; }

void append(std::vector<std::byte>& to, std::span<const std::byte> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace

static_assert(stream::headroom >= wire::longest_ws_header);

websocket_stream::websocket_stream(stream& below, wire::ws_role role,
                                   std::span<const std::byte> come)
    : below_(below), come_(come.begin(), come.end()), role_(role) {}

// --- reading

// Frames are decoded where they are read: what is left of them fits, and nothing has to be kept
// but a header that was cut off.
io_result websocket_stream::read_some(std::span<std::byte> into) {
  if (why_ || ended_) return over();
  const auto in = take(into);
  if (in.what == io::end) return ended();
  if (in.what != io::moved) return in;
  const auto payload = digest(into.first(in.bytes));
  if (own_ && promised_ == 0) {
    if (const auto sent = send_own(); sent.what == io::failed) return sent;
  }
  const bool is_over = why_ || ended_;
  if (payload == 0 && is_over) return over();
  if (payload == 0 && !in.again) return {io::blocked, false, 0, 0, {}};
  const auto overhead = static_cast<std::uint32_t>(in.overhead + in.bytes - payload);
  return {io::moved, in.again || is_over, overhead, payload, {}};
}

/// Bytes as they came: first what came behind the head, then from below.
io_result websocket_stream::take(std::span<std::byte> into) {
  if (come_.empty()) return below_.read_some(into);
  const auto count = std::min(into.size(), come_.size());
  std::memcpy(into.data(), come_.data(), count);
  come_.erase(come_.begin(), come_.begin() + static_cast<std::ptrdiff_t>(count));
  if (come_.empty()) come_ = {};
  // Below may have more: what was announced while nobody read there is announced no more.
  return {io::moved, true, 0, count, {}};
}

/// Moves the payload of `bytes` to their front and does what else they ask for.
std::size_t websocket_stream::digest(std::span<std::byte> bytes) {
  auto left = bytes;
  std::size_t payload = 0;
  while (!left.empty() && !why_ && !ended_) {
    const auto pass = decoder_.decode(left);
    if (left.data() != bytes.data() + payload) {
      std::memmove(bytes.data() + payload, left.data(), pass.payload);
    }
    payload += pass.payload;
    left = left.subspan(pass.used);
    if (pass.event == ws_event::ping) answer_ping();
    if (pass.event == ws_event::close) answer_close();
    if (pass.event == ws_event::refused) why_ = decoder_.error();
  }
  return payload;
}

io_result websocket_stream::over() const {
  return why_ ? failed(why_) : io_result{io::end, false, 0, 0, {}};
}

io_result websocket_stream::ended() {
  ended_ = decoder_.is_between_frames();
  if (!ended_) why_ = errc::truncated;
  return over();
}

// --- writing

// A frame is promised with its first attempt, even if nothing of it was taken: streams below may
// demand to be offered the same again, so a pong must not come in between.
io_result websocket_stream::begin_frame(std::size_t bytes) {
  if (promised_ > 0) return done;
  if (own_) {
    if (const auto sent = send_own(); sent.what != io::moved) return sent;
  }
  promised_ = bytes;
  header_left_ = static_cast<std::uint8_t>(ws_header_bytes(ws_opcode::binary, bytes, role_).size());
  return done;
}

io_result websocket_stream::write_some(std::span<std::byte> data) {
  if (data.empty()) return done;
  if (const auto begun = begin_frame(data.size()); begun.what != io::moved) return begun;
  data = data.first(std::min(data.size(), promised_));
  // As long as a part of the header is left, nothing of the payload has gone.
  const ws_header_bytes header(ws_opcode::binary, promised_, role_);
  auto* from = data.data() - header_left_;
  if (header_left_ > 0) std::memcpy(from, header.span().last(header_left_).data(), header_left_);
  for (;;) {
    const auto out = below_.write_some({from, header_left_ + data.size()});
    if (out.what != io::moved) return out;
    const auto of_header = std::min<std::size_t>(out.bytes, header_left_);
    header_left_ = static_cast<std::uint8_t>(header_left_ - of_header);
    from += of_header;
    if (out.bytes == of_header) continue;
    promised_ -= out.bytes - of_header;
    if (promised_ == 0 && own_) {
      if (const auto sent = send_own(); sent.what == io::failed) return sent;
    }
    return {io::moved, false, 0, out.bytes - of_header, {}};
  }
}

// --- output of its own

void websocket_stream::answer_ping() {
  const auto payload = decoder_.control();
  if (shut_) return;
  if (!own_) own_ = std::make_unique<own_output>();
  if (own_->frames.size() + payload.size() > most_own_output) return;
  append(own_->frames, ws_header_bytes(ws_opcode::pong, payload.size(), role_).span());
  append(own_->frames, payload);
}

// The peer has ended its direction only: what it asked for is still sent, and our close behind it.
void websocket_stream::answer_close() {
  ended_ = true;
  if (shut_) return;
  if (!own_) own_ = std::make_unique<own_output>();
  auto payload = decoder_.control();
  if (payload.size() == 1) payload = {};  // half of a code is none
  append(own_->close, ws_header_bytes(ws_opcode::close, payload.size(), role_).span());
  append(own_->close, payload);
}

/// Called between frames only.
io_result websocket_stream::send_own() {
  auto& own = *own_;
  while (own.at < own.frames.size()) {
    const auto out = below_.write_some(std::span(own.frames).subspan(own.at));
    if (out.what != io::moved) return out;
    own.at += out.bytes;
  }
  own.frames = {};
  own.at = 0;
  if (own.close.empty()) own_.reset();
  return done;
}

io_result websocket_stream::flush() {
  if (const auto out = below_.flush(); out.what != io::moved) return out;
  if (!own_ || own_->frames.empty()) return done;
  // Behind the frame that was begun; whoever writes the rest of it is woken then.
  if (promised_ > 0) return {io::blocked, false, 0, 0, {}};
  return send_own();
}

io_result websocket_stream::shutdown_write() {
  assert(promised_ == 0 && "a frame was promised");
  if (own_) {
    append(own_->frames, own_->close);
    own_->close.clear();
    if (const auto sent = send_own(); sent.what != io::moved) return sent;
  }
  const auto out = below_.shutdown_write();
  shut_ = out.what == io::moved;
  return out;
}

}  // namespace relay::transport
