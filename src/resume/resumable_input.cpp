#include <relay/resume/resumable_stream.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

// What a resumable stream reads: of its carrier, and of what came while nobody read.
namespace relay::resume {

using transport::io;
using transport::io_result;
namespace {

constexpr io_result blocked{io::blocked, false, 0, 0, {}};
// What taking a packet apart costs, in bytes that could have been copied.
constexpr std::uint32_t packet_price = 128;
constexpr std::size_t read_at_once = std::size_t{16} << 10;

io_result failed(const error_code& ec) { return {io::failed, false, 0, 0, ec}; }

}  // namespace

// Asking for more says that all of the payload before is with its sink (`pump::direction` keeps
// nothing while it reads).
io_result resumable_stream::read_some(std::span<std::byte> into) {
  was_read_ = true;
  if (!inbox_.empty()) return from_inbox(into);
  machine_.taken();
  std::uint32_t work = 0;
  for (;;) {
    if (machine_.was_reset()) return failed({ECONNRESET, boost::system::system_category()});
    if (machine_.peer_has_ended()) return end_of_peer();
    if (!carrier_) return without_carrier();
    const auto in = receive(into);
    if (in.what == io::blocked) {
      acknowledge(false);
      return blocked;
    }
    if (in.what != io::moved) {
      lost(in.ec ? in.ec : make_error_code(errc::truncated));
      continue;
    }
    const auto got = digest(into.first(in.bytes));
    if (got.is_bad) lost(errc::handshake_refused);
    work += in.overhead + got.work;
    acknowledge(false);
    push();
    const bool again = in.again || machine_.peer_has_ended() || machine_.was_reset() ||
                       !inbox_.empty() || !carrier_;
    // The reader comes back once more, even if nothing is left: then this has been taken.
    if (got.payload > 0) return {io::moved, true, work, got.payload, {}};
    if (!again) return blocked;
    if (!inbox_.empty()) return from_inbox(into);
    if (work >= transport::turn_budget / 4) return {io::moved, true, work, 0, {}};
  }
}

// Everything has been read, and the reader is about to hear of the end.
io_result resumable_stream::end_of_peer() {
  machine_.taken();  // the end has a number, too
  acknowledge(true);
  return {io::end, false, 0, 0, {}};
}

// A session that the other end has forgotten, with nothing under way, is over in order as far as
// anybody here can know; otherwise bytes were lost.
io_result resumable_stream::without_carrier() {
  if (!fatal_) return blocked;
  return is_gone_in_order() ? io_result{io::end, false, 0, 0, fatal_} : failed(fatal_);
}

/// Bytes as they came: first what was read behind a handshake.
io_result resumable_stream::receive(std::span<std::byte> into) {
  auto& come = carrier_->come;
  if (come.empty()) {
    const auto in = carrier_->top().read_some(into);
    heard_ = heard_ || in.what == io::moved;
    return in;
  }
  const auto count = std::min(into.size(), come.size());
  std::memcpy(into.data(), come.data(), count);
  come.erase(come.begin(), come.begin() + static_cast<std::ptrdiff_t>(count));
  if (come.empty()) come = std::vector<std::byte>();
  return {io::moved, true, 0, count, {}};
}

/// Moves the payload of `bytes` to their front and does what else they ask for.
resumable_stream::digested resumable_stream::digest(std::span<std::byte> bytes) {
  digested made;
  const bool was_waiting = wants_room_ && machine_.is_full();
  const bool had_end = machine_.end_is_taken();
  std::uint32_t packets = 0;
  if (!is_own()) {
    const auto* const ws = carrier_->over.ws();
    const auto pass = machine_.take(bytes, ws->message_ends());
    made.payload = pass.payload;
    made.is_bad = pass.what == machine::event::violation;
    packets = pass.packets;
    inbox_ = machine_.spilt();
  } else {
    for (auto rest = bytes; !made.is_bad;) {
      const auto pass = machine_.take(rest);
      if (pass.payload > 0 && rest.data() != bytes.data() + made.payload) {
        std::memmove(bytes.data() + made.payload, rest.data(), pass.payload);
      }
      made.payload += pass.payload;
      packets += pass.packets;
      rest = rest.subspan(pass.used);
      made.is_bad = pass.what == machine::event::violation;
      if (pass.what != machine::event::handshake) break;
      made.is_bad = !hear_handshake();
      if (!carrier_) break;
    }
  }
  made.work = packets * packet_price + static_cast<std::uint32_t>(bytes.size() - made.payload);
  // Whoever waits for the other direction does not wait for this one.
  if ((was_waiting && !machine_.is_full()) || (!had_end && machine_.end_is_taken())) wake_user();
  return made;
}

io_result resumable_stream::from_inbox(std::span<std::byte> into) {
  const auto count = std::min(into.size(), inbox_.size() - inbox_at_);
  std::memcpy(into.data(), inbox_.data() + inbox_at_, count);
  inbox_at_ += count;
  if (inbox_at_ == inbox_.size()) {
    inbox_ = std::vector<std::byte>();
    inbox_at_ = 0;
  }
  return {io::moved, true, 0, count, {}};
}

// Acknowledgements, pings and ends lie behind payload that nobody takes at the moment. So it is
// taken in, up to as much as an honest peer can have under way, and not acknowledged.
void resumable_stream::read_ahead() {
  std::array<std::byte, read_at_once> room;
  while (carrier_ && inbox_.size() - inbox_at_ < terms_.machine.window.bytes && read_once(room)) {
  }
}

bool resumable_stream::read_once(std::span<std::byte> room) {
  if (machine_.was_reset() || machine_.peer_is_done()) return false;
  const auto in = receive(room);
  if (in.what == io::blocked) return false;
  if (in.what != io::moved) {
    lost(in.ec ? in.ec : make_error_code(errc::truncated));
    return false;
  }
  auto before = std::exchange(inbox_, std::vector<std::byte>());
  const auto got = digest(room.first(in.bytes));
  const auto spilt = std::exchange(inbox_, std::move(before));
  inbox_.insert(inbox_.end(), room.begin(),
                room.begin() + static_cast<std::ptrdiff_t>(got.payload));
  inbox_.insert(inbox_.end(), spilt.begin(), spilt.end());
  if (!inbox_.empty()) wake_user();
  if (got.is_bad) lost(errc::handshake_refused);
  push();
  return in.again && !got.is_bad;
}

}  // namespace relay::resume
