#include <relay/wire/websocket.hpp>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace relay::wire {

// `in` runs through the bytes that came, `out` through the same memory where payload is put; it
// never overtakes `in`, since headers only ever make less of it.
struct ws_decoder::cursor {
  std::byte* in;
  std::byte* end;
  std::byte* out;
  std::uint32_t frames = 0;
  std::uint32_t empty = 0;

  std::size_t left() const noexcept { return static_cast<std::size_t>(end - in); }
};

namespace {

bool is_control(ws_opcode opcode) { return opcode >= ws_opcode::close; }

ws_event event_of(ws_opcode control) {
  switch (control) {
    case ws_opcode::ping:
      return ws_event::ping;
    case ws_opcode::pong:
      return ws_event::pong;
    default:
      return ws_event::close;
  }
}

}  // namespace

ws_decoder::pass ws_decoder::decode(std::span<std::byte> bytes) {
  cursor at{bytes.data(), bytes.data() + bytes.size(), bytes.data()};
  const auto until_here = [&](ws_event event) {
    return pass{static_cast<std::size_t>(at.in - bytes.data()),
                static_cast<std::size_t>(at.out - bytes.data()), event, at.frames, at.empty};
  };
  if (!in_control_ && !control_.empty()) control_ = {};  // answered: nothing stays while idle
  // A control frame without payload ends with its header, so the end is not looked for first.
  for (;;) {
    if (in_control_) {
      if (!take_control(at)) return until_here(ws_event::none);
      return until_here(event_of(opcode_));
    }
    if (left_ > 0) take_payload(at);
    if (message_open_ && left_ == 0 && !in_message_) {
      message_open_ = false;
      return until_here(ws_event::message);
    }
    if (at.in == at.end) return until_here(ws_event::none);
    if (!take_header(at)) return until_here(error_ ? ws_event::refused : ws_event::none);
  }
}

bool ws_decoder::take_header(cursor& at) {
  std::span<const std::byte> seen(at.in, at.left());
  const auto kept = head_size_;
  if (kept > 0) {
    const auto more = std::min(at.left(), head_.size() - kept);
    std::memcpy(head_.data() + kept, at.in, more);
    seen = std::span(head_).first(kept + more);
  }
  const auto answer = read_ws_header(seen);
  if (const auto* wrong = std::get_if<ws_errc>(&answer)) {
    error_ = *wrong;
    return false;
  }
  if (std::holds_alternative<ws_needs>(answer)) {
    if (kept == 0) std::memcpy(head_.data(), seen.data(), seen.size());
    head_size_ = static_cast<std::uint8_t>(seen.size());
    at.in = at.end;
    return false;
  }
  const auto& header = std::get<ws_header>(answer);
  if (const auto wrong = objection(header); wrong != ws_errc{}) {
    error_ = wrong;
    return false;
  }
  at.in += header.size - kept;
  head_size_ = 0;
  opcode_ = header.opcode;
  key_ = header.key;
  left_ = header.length;
  in_control_ = is_control(opcode_);
  ++at.frames;
  if (in_control_) {
    ++at.empty;
    control_.clear();
  } else {
    const bool goes_on = opcode_ == ws_opcode::continuation;
    const bool ends_payload = goes_on && header.is_final && has_payload_;
    if (left_ == 0 && !ends_payload) ++at.empty;
    has_payload_ = left_ > 0 || (goes_on && has_payload_);
    in_message_ = !header.is_final;
    message_open_ = tells_messages_;
    if (!goes_on) is_text_ = opcode_ == ws_opcode::text;
    frame_length_ = header.length;
    header_length_ = static_cast<std::uint8_t>(header.size);
  }
  return true;
}

// What is wrong with a frame only because of who sent it (5.1), or when (5.4).
ws_errc ws_decoder::objection(const ws_header& header) const noexcept {
  const bool must_mask = us_ == ws_role::server;
  if (header.is_masked != must_mask) return must_mask ? ws_errc::not_masked : ws_errc::masked;
  if (is_control(header.opcode)) return {};
  const bool goes_on = header.opcode == ws_opcode::continuation;
  if (goes_on == in_message_) return {};
  return goes_on ? ws_errc::no_message : ws_errc::within_message;
}

void ws_decoder::take_payload(cursor& at) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, at.left()));
  if (at.out != at.in) std::memmove(at.out, at.in, count);
  key_ = ws_unmask(std::span(at.out, count), key_);
  at.in += count;
  at.out += count;
  left_ -= count;
}

bool ws_decoder::take_control(cursor& at) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, at.left()));
  key_ = ws_unmask(std::span(at.in, count), key_);
  control_.insert(control_.end(), at.in, at.in + count);
  at.in += count;
  left_ -= count;
  if (left_ > 0) return false;
  in_control_ = false;
  return true;
}

std::size_t ws_decoder::header_wanted() const noexcept {
  if (left_ > 0 || in_control_) return 0;
  const auto answer = read_ws_header(std::span(head_).first(head_size_));
  const auto* needs = std::get_if<ws_needs>(&answer);
  assert(needs != nullptr && "a whole header is taken at once");
  return needs->more;
}

}  // namespace relay::wire
