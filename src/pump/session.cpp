#include <relay/base/reset.hpp>
#include <relay/pump/session.hpp>

#include <algorithm>
#include <utility>

namespace relay::pump {
namespace {

using std::chrono::milliseconds;

// TLS has a word of its own for an end, which closing does not say. Room for it is not waited for.
void part_from(transport::stream& side, bool as_reset) {
  if (as_reset) return side.abort();
  (void)side.shutdown_write();  // it is closed at once, whatever comes of it
}

std::uint32_t in_32_bits(milliseconds limit) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(limit.count(), 0, UINT32_MAX));
}

}  // namespace

session::session(workspace& shared, owner& told, milliseconds half_close_timeout,
                 milliseconds idle_timeout, bool moderated) noexcept
    : shared_(shared),
      owner_(told),
      up_(moderated),
      down_(moderated),
      half_close_ms_(in_32_bits(half_close_timeout)),
      idle_ms_(in_32_bits(idle_timeout)) {}

session::~session() {
  if (client_ != nullptr) client_->notify(nullptr);
  if (remote_ != nullptr) remote_->notify(nullptr);
}

void session::limit(byte_rates& by) {
  auto& alarms = shared_.alarms();
  auto& poller = shared_.poller();
  throttles_.reset(new throttles{{alarms, poller, *this, by.own, by.of(true)},
                                 {alarms, poller, *this, by.own, by.of(false)}});
}

void session::start(transport::stream& client, transport::stream& remote,
                    std::span<const std::byte> heard, std::span<const std::byte> said) {
  if (!said.empty()) up_.begin_with(shared_.keep(said));
  if (!heard.empty()) down_.begin_with(shared_.keep(heard));
  client_ = &client;
  remote_ = &remote;
  client_->notify(this);
  remote_->notify(this);
  shared_.poller().schedule(*this);  // what has come already is announced by nobody
  if (idle_ms_ != 0) limit_idleness();
}

// Nobody above knows which session an exception has come from, so here is where it ends, and no
// other with it.
template <class Work>
void session::guarded(Work work) noexcept {
  try {
    work();
  } catch (const std::exception& e) {
    abort();
    unschedule();
    owner_.broke(*this, e);
  }
}

void session::wake() {
  guarded([this] { go_on(); });
}

void session::expired() {
  guarded([this] { look_at_limits(); });
}

void session::go_on() {
  if (delivering_) return go_on_delivering();
  if (const auto own = client_->flush(); own.what == transport::io::failed) {
    return static_cast<void>(fail(true, own.ec));
  }
  if (const auto own = remote_->flush(); own.what == transport::io::failed) {
    return static_cast<void>(fail(false, own.ec));
  }
  const auto before = up() + down();
  bool more = false;
  if (!step(up_, true, more) || !step(down_, false, more)) return;
  if (!notice_reset(true) || !notice_reset(false)) return;
  if (is_armed() && up() + down() != before) last_moved_ = shared_.wheel().note();
  if (more) shared_.poller().schedule(*this);
}

bool session::step(direction& way, bool is_up, bool& more) {
  if (way.is_done()) return true;
  error_code why;
  auto* const rate = !throttles_ ? nullptr : is_up ? &throttles_->up : &throttles_->down;
  const bool is_mute = !is_up && way.moved() == 0;
  const auto result =
      way.run(stream_of(is_up), stream_of(!is_up), shared_, transport::turn_budget, why, rate);
  if (is_mute && way.moved() != 0) owner_.answered(*this);
  if (way.has_spoken()) (is_up ? down_ : up_).message_boundary();
  switch (result) {
    case progress::blocked:
    case progress::throttled:
      return true;
    case progress::more:
      more = true;
      return true;
    case progress::done:
      return direction_ended(is_up);
    case progress::read_failed:
      return fail(is_up, why);
    case progress::write_failed:
      return sink_failed(way, is_up, why);
  }
  return true;
}

bool session::direction_ended(bool is_up) {
  if (up_.is_done() && down_.is_done()) {
    if (failure_) return fail(failure_->at_client, failure_->ec);
    return end_in_order();
  }
  first_ = is_up ? session_end::client_eof : session_end::remote_eof;
  if (half_close_ms_ == 0) {
    if ((is_up ? down_ : up_).pending() == 0) part_from(stream_of(is_up), false);
    return end_in_order();
  }
  limit_idleness();
  return true;
}

// An end that TLS did not announce was passed on, but somebody on the way may have made it.
bool session::end_in_order() {
  if (up_.was_cut() || down_.was_cut()) {
    end(session_end::truncated, errc::truncated);
  } else {
    end(first_, {});
  }
  return false;
}

// A peer that resets may have answered before: a server that refuses an upload answers, then closes
// with bytes unread. So what it has sent is still read and passed on; then the read fails, and the
// other side sees the reset too.
bool session::sink_failed(direction& way, bool is_up, const error_code& why) {
  // Any other failure is ours: that peer has no reason to end, so nobody would ever read one.
  if (up_.is_done() || down_.is_done() || !is_reset(why)) return fail(!is_up, why);
  way.give_up();
  way.release(shared_);
  if (throttles_) (is_up ? throttles_->up : throttles_->down).rest();  // others take its turns
  remember(!is_up, why);
  shared_.poller().schedule(*this);
  return true;
}

// While nobody reads from a stream – its direction is done, or its sink is slow –, only its own
// word tells that its peer is gone.
bool session::notice_reset(bool at_client) {
  const auto& way = at_client ? up_ : down_;
  if (!way.is_done() && way.pending() == 0) return true;
  const auto ec = stream_of(at_client).broken();
  if (!ec) return true;
  if (way.is_done() || half_close_ms_ == 0) return fail(at_client, ec);
  remember(at_client, ec);  // what it sent before may still be taken, for as long as that goes on
  return true;
}

void session::remember(bool at_client, const error_code& ec) {
  failure_ = std::make_unique<failure>(failure{at_client, ec});
  limit_idleness();
}

void session::limit_idleness() { last_moved_ = await_limit(milliseconds(0)); }

net::timer_wheel::moment session::await_limit(milliseconds idle) {
  // Past its limit only a slow reader is waited for: it is looked at again after as long.
  const milliseconds half_close(half_close_ms_);
  const milliseconds limit(idle_ms_);
  auto next = idle < half_close ? half_close - idle : half_close;
  if (!is_half_open()) next = milliseconds::max();
  if (idle < limit) next = std::min(next, limit - idle);
  return shared_.wheel().arm(*this, std::max(next, net::timer_wheel::tick));
}

milliseconds session::idle_time() const { return shared_.wheel().since(last_moved_); }

void session::look_at_limits() {
  if (delivering_) return go_on_delivering();
  if (waits_for_its_turn()) last_moved_ = shared_.wheel().note();  // it is kept waiting, not idle
  if (is_half_open() && idle_time() >= milliseconds(half_close_ms_) && half_close_expired()) return;
  if (idle_ms_ != 0 && idle_time() >= milliseconds(idle_ms_) && idle_expired()) return;
  await_limit(idle_time());
}

bool session::waits_for_its_turn() const noexcept {
  return throttles_ && (throttles_->up.is_waiting() || throttles_->down.is_waiting());
}

bool session::half_close_expired() {
  if (failure_) return !fail(failure_->at_client, failure_->ec);
  // A reader that is slow is not idle: cutting it off would lose what it was promised.
  auto& sink = stream_of(up_.is_done());
  if ((up_.is_done() ? down_ : up_).pending() > 0 || sink.unsent() > 0) return false;
  sink.abort();  // its source has not ended, so it must not look as if it had
  end(session_end::half_close_timeout, {});
  return true;
}

// Nothing has been read or written for the whole limit, but a slow reader may have taken what the
// kernel holds for it: then the limit begins anew.
bool session::idle_expired() {
  if (failure_) return !fail(failure_->at_client, failure_->ec);
  const auto unsent = client_->unsent() + remote_->unsent();
  const auto before = std::exchange(last_unsent_, static_cast<std::uint32_t>(unsent));
  if (unsent > 0 && last_unsent_ != before) {
    last_moved_ = shared_.wheel().note();
    return false;
  }
  // Two silent peers see an end. Where bytes are lost, or where one side has ended and the other
  // has not, it must not look like one.
  const bool owes = unsent > 0 || up_.pending() > 0 || down_.pending() > 0;
  has_lost_ = owes;
  part_from(*remote_, owes || down_.is_done());
  part_from(*client_, owes || up_.is_done());
  end(session_end::idle, {});
  return true;
}

// One side has failed. The other is told by a reset, but not before it has what was sent to it
// while all was well: a reset drops what the kernel still holds.
bool session::fail(bool at_client, const error_code& ec) {
  failure_ = std::make_unique<failure>(failure{at_client, ec});
  throttles_.reset();
  has_lost_ = (at_client ? up_ : down_).pending() > 0;
  up_.release(shared_);
  down_.release(shared_);
  delivering_ = true;
  limit_idleness();
  go_on_delivering();
  return false;
}

bool session::is_delivering() {
  auto& to = stream_of(!failure_->at_client);
  return idle_time() < milliseconds(half_close_ms_) && to.unsent() > 0 && !to.broken();
}

void session::go_on_delivering() {
  // What the stream itself still holds (ciphertext) goes out first. That it fails is seen below.
  stream_of(!failure_->at_client).flush();
  // The kernel tells nobody when the last byte is acknowledged, so it is asked once per tick.
  if (is_delivering()) {
    shared_.wheel().arm(*this, net::timer_wheel::tick);
    return;
  }
  has_lost_ = has_lost_ || stream_of(!failure_->at_client).unsent() > 0;
  client_->abort();
  remote_->abort();
  const auto failed = std::move(failure_);
  const bool client = failed->at_client;
  const auto reset = client ? session_end::reset_by_client : session_end::reset_by_remote;
  const auto other = client ? session_end::client_error : session_end::remote_error;
  if (failed->ec == errc::truncated) return end(session_end::truncated, failed->ec);
  if (failed->ec == errc::flood) return end(session_end::flood, failed->ec);
  end(is_reset(failed->ec) ? reset : other, failed->ec);
}

void session::end(session_end why, const error_code& ec) {
  disarm();
  unschedule();
  throttles_.reset();
  up_.release(shared_);
  down_.release(shared_);
  owner_.ended(*this, why, ec);
}

void session::abort() noexcept {
  if (client_ != nullptr) client_->abort();
  if (remote_ != nullptr) remote_->abort();
  disarm();
  throttles_.reset();
  up_.release(shared_);
  down_.release(shared_);
}

}  // namespace relay::pump
