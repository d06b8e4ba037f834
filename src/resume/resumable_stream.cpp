#include <relay/resume/resumable_stream.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace relay::resume {

using transport::io;
using transport::io_result;
namespace {

using std::chrono::milliseconds;

constexpr io_result blocked{io::blocked, false, 0, 0, {}};
constexpr io_result done{io::moved, false, 0, 0, {}};
// With so much taken, or a quarter of what the peer may have under way, it is told at once; else
// with the next packet, or within a tick.
constexpr std::size_t much = std::size_t{128} << 10;

io_result failed(const error_code& ec) { return {io::failed, false, 0, 0, ec}; }
error_code system_error(int number) { return {number, boost::system::system_category()}; }

}  // namespace

resumable_stream::resumable_stream(net::poller& poller, net::timer_wheel& wheel, terms with,
                                   owner& told)
    : poller_(poller),
      wheel_(wheel),
      owner_(told),
      terms_(std::move(with)),
      machine_(terms_.machine) {
  wheel_.arm(*this, net::timer_wheel::tick);
  quiet_since_ = wheel_.note();
  arm();
}

// Whoever ends here in order says so; the peer need not wait for a carrier that never comes.
resumable_stream::~resumable_stream() {
  if (!carrier_) return;
  if (!aborted_) machine_.finish();
  push();
  drop_carrier();
}

void resumable_stream::notify(net::waiter* whom) noexcept {
  whom_ = whom;
  if (carrier_) carrier_->top().notify(whom);
}

void resumable_stream::wake_user() {
  if (whom_ != nullptr) poller_.schedule(*whom_);
}

// --- carriers

void resumable_stream::attach(std::unique_ptr<carrier> by) {
  drop_carrier();
  carrier_ = std::move(by);
  machine_.attach();
  carrier_->top().notify(whom_);
  quiet_since_ = wheel_.note();
  heard_ = pinged_ = false;
  arm();
  wake_user();
}

void resumable_stream::attach_accepted(std::unique_ptr<carrier> by,
                                       const wire::resume_greeting& greeting,
                                       const wire::resume_hello& hello) {
  attach(std::move(by));
  is_first_ = false;
  wire::resume_accept answer;
  answer.received = machine_.tell_taken();
  answer.buffer = static_cast<std::uint32_t>(terms_.machine.window.bytes);
  answer.generation = greeting.generation;
  if (hello.proof) answer.proof = wire::prove_server(terms_.secret, greeting, hello);
  machine_.say(wire::write_resume(answer));
  peer_window_ = hello.buffer;
  if (!machine_.open(hello.received)) return lost(errc::handshake_refused);
  push();
}

void resumable_stream::attach_messages(std::unique_ptr<carrier> by) {
  attach(std::move(by));
  is_first_ = false;
  (void)machine_.open(std::nullopt);
  owner_.carrier_agreed();
  push();
}

void resumable_stream::drop_carrier() noexcept {
  if (!carrier_) return;
  machine_.detach();
  carrier_->top().notify(nullptr);
  (void)carrier_->top().shutdown_write();  // it is closed at once, whatever comes of it
  carrier_.reset();
}

// Once for each carrier: whoever notices first drops it.
void resumable_stream::lost(const error_code& why) {
  if (!carrier_) return;
  drop_carrier();
  dialling_.reset();
  quiet_since_ = wheel_.note();
  arm();
  wake_user();
  if (!fatal_ && !aborted_) owner_.carrier_lost(why);
}

void resumable_stream::fail(const error_code& why) {
  if (fatal_) return;
  fatal_ = why;
  drop_carrier();
  wake_user();
}

// --- time

// Four looks in the time after which a silent carrier is dead.
void resumable_stream::arm() {
  wheel_.arm(*this, std::max(terms_.dead_after / 4, net::timer_wheel::tick));
}

void resumable_stream::expired() {
  if (std::exchange(ack_waits_, false)) {
    machine_.acknowledge_now();
    push();
  }
  arm();
  if (fatal_) return;
  if (carrier_) return check_carrier();
  if (wheel_.since(quiet_since_) >= terms_.timeout) fail(errc::carrier_lost);
}

// A peer that is only slow still answers pings: it reads ahead of its sink. So does this end, lest
// the peer take us for dead.
void resumable_stream::check_carrier() {
  if (!was_read_) read_ahead();
  if (!carrier_) return;
  if (std::exchange(heard_, false)) {
    quiet_since_ = wheel_.note();
    pinged_ = false;
    return;
  }
  const auto quiet = wheel_.since(quiet_since_);
  const auto step = terms_.dead_after / 4;
  if (quiet + step >= terms_.dead_after) return lost(errc::timed_out);
  if (pinged_ || quiet < step) return;
  pinged_ = true;
  machine_.ping(quiet_since_);
  if (auto* const ws = is_own() ? nullptr : carrier_->over.ws()) {
    std::array<std::byte, 8> now{};
    std::memcpy(now.data(), &quiet_since_, sizeof quiet_since_);
    ws->ping(now);
  }
  push();
  if (carrier_) (void)carrier_->top().flush();
}

// --- out

void resumable_stream::push() {
  while (carrier_) {
    const auto piece = machine_.output();
    if (piece.empty()) return;
    const auto out = carrier_->top().write_some(piece);
    if (out.what == io::moved) {
      machine_.wrote(out.bytes);
    } else if (out.what == io::blocked) {
      return;
    } else {
      return lost(out.ec);
    }
  }
}

void resumable_stream::acknowledge(bool now) {
  if (!machine_.owes_ack()) return;
  if (now || !is_own() || machine_.owed_bytes() >= std::min(much, peer_window_ / 4)) {
    machine_.acknowledge_now();
    push();
  } else if (!ack_waits_) {
    ack_waits_ = true;
    wheel_.arm(*this, net::timer_wheel::tick);
  }
}

io_result resumable_stream::write_some(std::span<std::byte> data) {
  if (fatal_) return failed(fatal_);
  if (machine_.was_reset()) return failed(system_error(ECONNRESET));
  if (machine_.peer_is_done()) return failed(system_error(EPIPE));
  auto taken = machine_.write(data);
  if (taken == 0) {
    read_ahead();  // an acknowledgement may be there
    taken = machine_.write(data);
  }
  wants_room_ = taken == 0;
  push();
  return wants_room_ ? blocked : io_result{io::moved, false, 0, taken, {}};
}

io_result resumable_stream::flush() {
  if (carrier_) {
    const auto below = carrier_->top().flush();
    if (below.what == io::failed) lost(below.ec);
  }
  push();
  if (!was_read_ && machine_.unacknowledged() > 0) read_ahead();
  was_read_ = false;
  return done;
}

io_result resumable_stream::shutdown_write() {
  machine_.end();
  push();
  if (!machine_.end_is_taken()) read_ahead();
  if (machine_.end_is_taken() || is_gone_in_order()) return done;
  if (fatal_) return failed(fatal_);
  if (machine_.was_reset()) return failed(system_error(ECONNRESET));
  return blocked;
}

error_code resumable_stream::broken() {
  if (told_broken_) return {};
  if (is_gone_in_order()) return {};
  auto ec = machine_.was_reset() ? system_error(ECONNRESET) : fatal_;
  told_broken_ = static_cast<bool>(ec);
  return ec;
}

void resumable_stream::settle() {
  if (carrier_ && carrier_->top().flush().what == io::failed) lost(errc::truncated);
  push();
  read_ahead();
}

bool resumable_stream::has_said_all() const noexcept {
  if (fatal_) return true;
  if (!aborted_) return machine_.is_complete() && !machine_.has_output();
  return carrier_ && machine_.is_open() && !machine_.has_output();
}

std::size_t resumable_stream::unsent() {
  return fatal_ || machine_.peer_is_done() ? 0 : machine_.unacknowledged();
}

void resumable_stream::abort() noexcept {
  if (std::exchange(aborted_, true)) return;
  machine_.reset();
  push();
}

}  // namespace relay::resume
