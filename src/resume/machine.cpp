#include <relay/resume/machine.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

// What the local side asks for, and what goes out.
namespace relay::resume {
namespace {

using wire::resume_type;
using wire::rtunnel_type;

// In front of every piece, for the streams below.
constexpr std::size_t headroom = 16;
static_assert(window::front >=
              headroom + 2 * wire::resume_header_bytes + wire::rtunnel_header_bytes);

using buffer = std::vector<std::byte>;  // `= {}` would keep the memory

constexpr std::uint8_t code(resume_type what) { return static_cast<std::uint8_t>(what); }
constexpr std::uint8_t code(rtunnel_type what) { return static_cast<std::uint8_t>(what); }

}  // namespace

machine_limits rtunnel_limits(bool half_close, bool sends_fin_g1, bool sends_fin_g2) noexcept {
  machine_limits made;
  made.as = encoding::rtunnel;
  made.window.packets = wire::rtunnel_window;
  made.window.payload = wire::rtunnel_payload;
  made.half_close = half_close;
  made.sends_fin_g1 = sends_fin_g1;
  made.sends_fin_g2 = sends_fin_g2;
  return made;
}

// --- the local side

std::size_t machine::write(std::span<const std::byte> payload) {
  return ended_ ? 0 : window_.add(payload);
}

// A peer that knows no end of one direction gets a FIN, behind everything that it has acknowledged.
void machine::end() {
  if (ended_) return;
  ended_ = true;
  if (with_.half_close) window_.add_end();
}

bool machine::end_is_taken() const noexcept {
  if (!ended_) return false;
  return peer_fin_ || (window_.is_acknowledged() && (with_.half_close || fin_sent_));
}

void machine::taken() noexcept {
  const auto now = expected_ - 1;
  if (now <= taken_) return;
  taken_ = now;
}

bool machine::is_complete() const noexcept {
  if (peer_reset_ || (peer_fin_ && window_.is_acknowledged())) return true;
  return ended_ && window_.is_acknowledged() && peer_has_ended() && acknowledged_ == received();
}

bool machine::holds_memory() const noexcept {
  return window_.packets() > 0 || said_.capacity() > 0 || message_.capacity() > 0 ||
         spilt_.capacity() > 0 || control_.capacity() > 0;
}

// --- carriers

void machine::attach() {
  detach();
  attached_ = true;
}

bool machine::open(std::optional<std::uint64_t> has) {
  open_ = true;
  if (has) return window_.acknowledge(*has);
  acknowledged_ = 0;  // one ACK with what we have; none if that is nothing
  ack_due_ = owes_ack();
  return true;
}

std::uint64_t machine::tell_taken() noexcept {
  acknowledged_ = taken_;
  return taken_;
}

// RTunnel has no word for it: there it looks like an end.
void machine::reset() noexcept {
  is_broken_off_ = true;
  (with_.as == encoding::own ? reset_due_ : fin_due_) = true;
}

void machine::detach() noexcept {
  attached_ = early_ = open_ = false;
  piece_ = {};
  said_ = buffer();
  window_.rewind();
  ping_due_.reset();
  pong_due_.reset();
  fin_is_second_ = false;
  fin_sent_ = false;
  // In: a frame that was cut off.
  if (in_frame_ && frame_.is(resume_type::data) && is_next(frame_.number)) {
    passed_on_ = std::max<std::size_t>(passed_on_, frame_.length - left_);
  }
  in_frame_ = false;
  head_size_ = 0;
  left_ = skip_ = 0;
  message_ = buffer();
  heard_ = handshake_frame();
}

void machine::say(std::vector<std::byte> frame) {
  if (said_.empty()) said_.resize(headroom);
  said_.insert(said_.end(), frame.begin(), frame.end());
}

// --- out

bool machine::may_send_data() const noexcept { return open_ || early_; }

bool machine::wants_fin() const noexcept {
  if (fin_sent_) return false;
  return fin_due_ || (ended_ && !with_.half_close && window_.is_acknowledged());
}

bool machine::has_output() const noexcept {
  if (!attached_) return false;
  if (!piece_.empty() || !said_.empty()) return true;
  if (!open_ && !early_) return false;
  return ack_due_ || ping_due_ || pong_due_ || reset_due_ || wants_fin() ||
         (window_.has_next() && !is_broken_off_);
}

std::span<std::byte> machine::output() {
  if (!attached_) return {};
  if (piece_.empty()) {
    piece_is_packet_ = false;
    piece_ = control();
    if (piece_.empty() && may_send_data() && !is_broken_off_) piece_ = packet();
  }
  return piece_;
}

void machine::wrote(std::size_t bytes) noexcept {
  piece_ = piece_.subspan(bytes);
  if (!piece_.empty()) return;
  if (piece_is_packet_) {
    window_.end_next();
  } else {
    control_ = buffer();
  }
}

// A frame without payload, of either encoding.
std::span<std::byte> machine::frame(std::uint8_t type, std::uint64_t number, std::uint64_t ack) {
  control_.assign(headroom, std::byte{});
  const auto append = [&](const auto& bytes) {
    control_.insert(control_.end(), bytes.begin(), bytes.end());
  };
  if (with_.as == encoding::own) {
    append(wire::write_resume_header({type, 0, number}));
  } else {
    append(wire::write_rtunnel({type, number, ack, 0}));
  }
  return std::span(control_).subspan(headroom);
}

std::span<std::byte> machine::control() {
  const bool is_own = with_.as == encoding::own;
  if (!said_.empty()) {
    control_ = std::exchange(said_, buffer());
    return std::span(control_).subspan(headroom);
  }
  if (!open_ && !early_) return {};
  if (ack_due_) {
    ack_due_ = false;
    acknowledged_ = taken_;
    owed_bytes_ = 0;
    return is_own ? frame(code(resume_type::ack), acknowledged_)
                  : frame(code(rtunnel_type::ack), 0, acknowledged_);
  }
  if (pong_due_) return frame(code(resume_type::pong), *std::exchange(pong_due_, {}));
  if (ping_due_) {
    const auto number = *std::exchange(ping_due_, {});
    if (is_own) return frame(code(resume_type::ping), number);
  }
  if (reset_due_ && is_own) {
    reset_due_ = false;
    return frame(code(resume_type::reset), 0);
  }
  if (!wants_fin()) return {};
  if (is_own) {
    fin_sent_ = true;
    return frame(code(resume_type::fin), 0);
  }
  const bool both = with_.sends_fin_g1 && with_.sends_fin_g2;
  const bool first = !fin_is_second_;
  fin_sent_ = !both || !first;
  fin_is_second_ = both && first;
  const auto type =
      (both && !first) || !with_.sends_fin_g2 ? rtunnel_type::fin_g1 : rtunnel_type::fin_g2;
  return frame(code(type), 0);
}

// The next packet with its header, written in front of it where it lies. An acknowledgement that is
// owed goes with it, in the same write.
std::span<std::byte> machine::packet() {
  auto* const next = window_.begin_next();
  if (next == nullptr) return {};
  piece_is_packet_ = true;
  const auto length = static_cast<std::uint32_t>(next->payload().size());
  auto* at = next->begin();
  const auto put = [&at](const auto& bytes) {
    at -= bytes.size();
    std::memcpy(at, bytes.data(), bytes.size());
  };
  if (with_.as == encoding::own) {
    put(wire::write_resume_header(
        {code(next->is_end ? resume_type::end : resume_type::data), length, next->number}));
    if (owes_ack()) {
      acknowledged_ = taken_;
      owed_bytes_ = 0;
      put(wire::write_resume_header({code(resume_type::ack), 0, acknowledged_}));
    }
  } else {
    put(wire::write_rtunnel(
        {code(next->is_end ? rtunnel_type::end : rtunnel_type::data), next->number, 0, length}));
  }
  return {at, static_cast<std::size_t>(next->storage.data() + next->storage.size() - at)};
}

}  // namespace relay::resume
