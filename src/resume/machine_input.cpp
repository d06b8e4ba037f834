#include <relay/resume/machine.hpp>

#include <algorithm>
#include <cstring>

// What comes in on a carrier, taken apart.
namespace relay::resume {

using wire::resume_header;
using wire::resume_type;
using wire::rtunnel_type;

/// Where a pass stands: bytes are read at `in` and payload is put at `out`, which is never behind.
struct machine::cursor {
  std::byte* in;
  std::byte* end;
  std::byte* out;

  std::size_t left() const noexcept { return static_cast<std::size_t>(end - in); }
};

// Beyond what was sent there is nothing to acknowledge: a peer of ours never says so. Of the real
// programs' peers it is ignored.
bool machine::acknowledged(std::uint64_t number) {
  return window_.acknowledge(number) || with_.as == encoding::rtunnel;
}

// --- own encoding

machine::pass machine::take(std::span<std::byte> bytes) {
  cursor at{bytes.data(), bytes.data() + bytes.size(), bytes.data()};
  pass made;
  while (made.what == event::none && (at.in != at.end || (in_frame_ && left_ == 0))) {
    if (in_frame_) {
      take_payload(at);
      if (left_ > 0) break;
      if (wire::is_handshake(frame_.type)) made.what = event::handshake;
      end_frame();
      continue;
    }
    const auto count = std::min(at.left(), head_.size() - head_size_);
    std::memcpy(head_.data() + head_size_, at.in, count);
    at.in += count;
    head_size_ = static_cast<std::uint8_t>(head_size_ + count);
    if (head_size_ < head_.size()) break;
    head_size_ = 0;
    ++made.packets;
    if (!begin_frame(wire::read_resume_header(head_))) made.what = event::violation;
  }
  made.used = static_cast<std::size_t>(at.in - bytes.data());
  made.payload = static_cast<std::size_t>(at.out - bytes.data());
  return made;
}

bool machine::begin_frame(const resume_header& head) {
  if (wire::is_violation(head)) return false;
  frame_ = head;
  in_frame_ = true;
  left_ = head.length;
  skip_ = left_;
  // Nothing is taken for data before the two have agreed on where to go on.
  const bool is_greeted = open_ || wire::is_handshake(head.type);
  if (!is_greeted) return false;
  if (wire::is_handshake(head.type)) {
    heard_ = {head.type, head.number, {}};
    skip_ = 0;
  } else if (head.is(resume_type::data)) {
    // What we have already comes again, and what leaves a gap will come again.
    if (is_next(head.number) && !peer_ended_) skip_ = std::min(passed_on_, left_);
  }
  return true;
}

void machine::take_payload(cursor& at) {
  const auto count = std::min(left_, at.left());
  const auto dropped = std::min(skip_, count);
  const auto kept = count - dropped;
  auto* const from = at.in + dropped;
  if (wire::is_handshake(frame_.type)) {
    heard_.payload.insert(heard_.payload.end(), from, from + kept);
  } else if (kept > 0) {
    if (at.out != from) std::memmove(at.out, from, kept);
    at.out += kept;
    owed_bytes_ += kept;
  }
  at.in += count;
  left_ -= count;
  skip_ -= dropped;
}

void machine::end_frame() {
  in_frame_ = false;
  switch (static_cast<resume_type>(frame_.type)) {
    case resume_type::data:
      if (!is_next(frame_.number) || peer_ended_) return;
      ++expected_;
      passed_on_ = 0;
      return;
    case resume_type::end:
      if (!is_next(frame_.number) || peer_ended_) return;
      ++expected_;
      peer_ended_ = true;
      return;
    case resume_type::ack:
      (void)acknowledged(frame_.number);
      return;
    case resume_type::fin:
      peer_fin_ = true;
      return;
    case resume_type::reset:
      peer_reset_ = true;
      return;
    case resume_type::ping:
      pong_due_ = frame_.number;
      return;
    case resume_type::pong:
      pong_heard_ = true;
      return;
    default:
      return;  // one that a later version knows
  }
}

// --- RTunnel's

machine::pass machine::take(std::span<std::byte> bytes,
                            std::span<const wire::ws_message_end> ends) {
  std::size_t from = 0;
  auto* out = bytes.data();
  pass made;
  for (const auto& [end, is_text] : ends) {
    const auto part = bytes.subspan(from, end - from);
    const std::byte* const limit = bytes.data() + end;
    if (is_text && !with_.takes_text) {
      message_ = std::vector<std::byte>();
    } else if (message_.empty()) {
      take_message(part, out, limit);
    } else {
      if (message_.size() + part.size() <= wire::longest_rtunnel_message) {
        message_.insert(message_.end(), part.begin(), part.end());
        take_message(message_, out, limit);
      }
      message_ = std::vector<std::byte>();
    }
    ++made.packets;
    from = end;
  }
  const auto rest = bytes.subspan(from);
  message_.insert(message_.end(), rest.begin(), rest.end());
  if (message_.size() > wire::longest_rtunnel_message) made.what = event::violation;
  made.used = bytes.size();
  made.payload = static_cast<std::size_t>(out - bytes.data());
  return made;
}

void machine::take_message(std::span<const std::byte> message, std::byte*& out,
                           const std::byte* limit) {
  const auto head = wire::read_rtunnel(message);
  if (!head) return;
  if (head->is(rtunnel_type::ack)) return static_cast<void>(acknowledged(head->ack));
  if (head->is_fin()) return static_cast<void>(peer_fin_ = true);
  const bool is_end = head->is(rtunnel_type::end) && with_.half_close;
  if (!head->is(rtunnel_type::data) && !is_end) return;
  if (!is_next(head->sequence) || peer_ended_) return;
  ++expected_;
  peer_ended_ = is_end;
  if (is_end) return;
  const auto payload = message.subspan(wire::rtunnel_header_bytes, head->length);
  owed_bytes_ += payload.size() + 1;  // an empty one is owed an acknowledgement, too
  if (!spilt_.empty() || payload.size() > static_cast<std::size_t>(limit - out)) {
    spilt_.insert(spilt_.end(), payload.begin(), payload.end());
  } else {
    if (!payload.empty()) std::memmove(out, payload.data(), payload.size());
    out += payload.size();
  }
}

}  // namespace relay::resume
