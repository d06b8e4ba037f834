#include <relay/transport/websocket_stream.hpp>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>

namespace relay::transport {
namespace {

using wire::ws_event;
using wire::ws_header_bytes;
using wire::ws_opcode;

constexpr io_result done{io::moved, false, 0, 0, {}};

// What taking a frame apart costs, in bytes that could have been copied instead.
constexpr std::uint32_t frame_price = 128;
// After so many a call returns, at most a quarter of a turn: they are counted each time that so
// many bytes have been taken apart.
constexpr std::uint32_t most_frames = 768;
constexpr std::size_t counted_bytes = 2048;
static_assert((most_frames + counted_bytes / 2) * frame_price < turn_budget / 4);

io_result failed(const error_code& ec) { return {io::failed, false, 0, 0, ec}; }

}  // namespace

static_assert(stream::headroom >= wire::longest_ws_header);

websocket_stream::websocket_stream(stream& below, wire::ws_role role,
                                   std::span<const std::byte> come)
    : below_(below), decoder_(role), role_(role) {
  keep_first(come);
}

websocket_stream::websocket_stream(websocket_stream&& from, stream& below) noexcept
    : below_(below),
      decoder_(std::move(from.decoder_)),
      come_(std::move(from.come_)),
      own_(std::move(from.own_)),
      messages_(std::move(from.messages_)),
      promised_(from.promised_),
      why_(from.why_),
      silence_(from.silence_),
      role_(from.role_),
      header_left_(from.header_left_),
      small_frames_(from.small_frames_),
      ended_(from.ended_),
      shut_(from.shut_),
      told_(from.told_) {
  from.pinger_.reset();
}

void websocket_stream::keep_first(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  if (!come_) come_ = std::make_unique<std::vector<std::byte>>();
  come_->insert(come_->begin(), bytes.begin(), bytes.end());
}

// --- reading

// Frames are decoded where they are read: what is left of them fits, and nothing has to be kept
// but a header that was cut off.
io_result websocket_stream::read_some(std::span<std::byte> into) {
  if (messages_) messages_->ends.clear();
  if (why_ || ended_) return over();
  const auto in = take(into);
  if (in.what == io::end) return ended(in.ec);
  if (in.what != io::moved) return in;
  heard();
  const auto got = digest(into.first(in.bytes));
  const auto overhead =
      static_cast<std::uint32_t>(in.overhead + got.used - got.payload + price_of(got));
  if (own_ && promised_ == 0) {
    if (const auto sent = send_own(); sent.what == io::failed) return sent;
  }
  const bool is_over = why_ || ended_;
  if (got.payload == 0 && is_over) return over();
  const bool again = in.again || is_over || come_;
  const bool ends_one = messages_ && !messages_->ends.empty();
  if (got.payload == 0 && !again && !ends_one) return {io::blocked, false, 0, 0, {}};
  return {io::moved, again, overhead, got.payload, {}};
}

/// Bytes as they came: first what came behind the head, then from below.
io_result websocket_stream::take(std::span<std::byte> into) {
  if (!come_) return below_.read_some(into);
  const auto count = std::min(into.size(), come_->size());
  std::memcpy(into.data(), come_->data(), count);
  come_->erase(come_->begin(), come_->begin() + static_cast<std::ptrdiff_t>(count));
  if (come_->empty()) come_.reset();
  // Below may have more: what was announced while nobody read there is announced no more.
  return {io::moved, true, 0, count, {}};
}

/// Moves the payload of `bytes` to their front and does what else they ask for. What would be too
/// much for one call is kept, and decoded first by the next.
websocket_stream::digested websocket_stream::digest(std::span<std::byte> bytes) {
  auto left = bytes;
  digested made;
  while (!left.empty() && !why_ && !ended_) {
    const auto pass = decoder_.decode(left.first(std::min(left.size(), counted_bytes)));
    if (left.data() != bytes.data() + made.payload) {
      std::memmove(bytes.data() + made.payload, left.data(), pass.payload);
    }
    made.payload += pass.payload;
    made.frames += pass.frames;
    made.empty += pass.empty;
    left = left.subspan(pass.used);
    if (pass.event == ws_event::message) {
      messages_->ends.push_back({static_cast<std::uint32_t>(made.payload), decoder_.is_text()});
    } else if (pass.event != ws_event::none) {
      answer(pass.event);
    }
    if (made.frames < most_frames || left.empty()) continue;
    keep_first(left);
    break;
  }
  made.used = bytes.size() - left.size();
  return made;
}

std::uint32_t websocket_stream::price_of(const digested& what) {
  const auto price = what.frames * frame_price;
  if (what.empty == 0) return price;
  switch (silence_.take(what.empty, std::chrono::steady_clock::now())) {
    case empty_budget::verdict::within:
      return price;
    case empty_budget::verdict::over:
      break;
    case empty_budget::verdict::flood:
      if (!why_ && !ended_) why_ = errc::flood;
      break;
  }
  return price + static_cast<std::uint32_t>(turn_budget);
}

io_result websocket_stream::over() {
  if (!why_) return {io::end, false, 0, 0, {}};
  tell_what_is_wrong();
  return failed(why_);
}

// `how`: what the stream below says of its end.
io_result websocket_stream::ended(const error_code& how) {
  ended_ = decoder_.is_between_frames();
  if (!ended_) why_ = errc::truncated;
  auto out = over();
  if (ended_) out.ec = how;
  return out;
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
    sent();
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

io_result websocket_stream::shutdown_write() {
  assert(promised_ == 0 && "a frame was promised");
  if (own_) {
    own_->frames.insert(own_->frames.end(), own_->close.begin(), own_->close.end());
    own_->close.clear();
    if (const auto sent = send_own(); sent.what != io::moved) return sent;
  }
  const auto out = below_.shutdown_write();
  shut_ = out.what == io::moved;
  if (shut_) pinger_.reset();
  return out;
}

// A reset would overtake the close frame and destroy it.
void websocket_stream::abort() noexcept {
  const bool parts = told_ && !owes() && below_.shutdown_write().what == io::moved;
  if (!parts) below_.abort();
}

}  // namespace relay::transport
