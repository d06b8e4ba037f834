#include <relay/pump/session.hpp>

#include <algorithm>
#include <cerrno>

namespace relay::pump {
namespace {

// Per direction and turn: enough for a full pipe, little enough to be fair.
constexpr std::size_t turn_budget = std::size_t{1} << 20;

// ENOTCONN is what shutdown() says of a connection that the peer has reset meanwhile.
bool is_reset(const error_code& ec) {
  return ec.value() == ECONNRESET || ec.value() == EPIPE || ec.value() == ENOTCONN;
}

}  // namespace

session::session(workspace& shared, owner& told,
                 std::chrono::milliseconds half_close_timeout) noexcept
    : shared_(shared),
      owner_(told),
      half_close_ms_(static_cast<std::uint32_t>(
          std::clamp<std::int64_t>(half_close_timeout.count(), 0, UINT32_MAX))) {}

session::~session() {
  if (client_ != nullptr) client_->notify(nullptr);
  if (remote_ != nullptr) remote_->notify(nullptr);
}

void session::start(transport::stream& client, transport::stream& remote) {
  client_ = &client;
  remote_ = &remote;
  client_->notify(this);
  remote_->notify(this);
  shared_.poller().schedule(*this);  // what has come already is announced by nobody
}

void session::wake() {
  if (const auto own = client_->flush(); own.what == transport::io::failed) {
    return static_cast<void>(fail(true, own.ec));
  }
  if (const auto own = remote_->flush(); own.what == transport::io::failed) {
    return static_cast<void>(fail(false, own.ec));
  }
  const auto before = up() + down();
  bool more = false;
  if (!step(up_, true, more) || !step(down_, false, more) || !notice_resets()) return;
  if (is_armed() && up() + down() != before) last_moved_ = shared_.wheel().now();
  if (more) shared_.poller().schedule(*this);
}

bool session::step(direction& way, bool is_up, bool& more) {
  if (way.is_done()) return true;
  auto& from = is_up ? *client_ : *remote_;
  auto& to = is_up ? *remote_ : *client_;
  error_code why;
  switch (way.run(from, to, shared_, turn_budget, why)) {
    case progress::blocked:
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
    if (failure_) return fail(first_ == end_reason::reset_by_client, *failure_);
    end(first_ == end_reason::count_ ? (is_up ? end_reason::client_eof : end_reason::remote_eof)
                                     : first_,
        {});
    return false;
  }
  first_ = is_up ? end_reason::client_eof : end_reason::remote_eof;
  if (half_close_ms_ == 0) {
    end(first_, {});
    return false;
  }
  wait_for_other_direction();
  return true;
}

// A peer that resets may have answered before: a server that refuses an upload answers, then closes
// with bytes unread. So what it has sent is still passed on; then the other side sees the reset
// too.
bool session::sink_failed(direction& way, bool is_up, const error_code& why) {
  if (up_.is_done() || down_.is_done()) return fail(!is_up, why);
  way.give_up();
  way.release(shared_);
  first_ = is_up ? end_reason::reset_by_remote : end_reason::reset_by_client;
  failure_ = std::make_unique<error_code>(why);
  wait_for_other_direction();
  shared_.poller().schedule(*this);
  return true;
}

// When nobody reads from a stream any more, only its own word tells that its peer is gone.
bool session::notice_resets() {
  if (up_.is_done()) {
    if (const auto ec = client_->broken()) return fail(true, ec);
  }
  if (down_.is_done()) {
    if (const auto ec = remote_->broken()) return fail(false, ec);
  }
  return true;
}

void session::wait_for_other_direction() {
  const std::chrono::milliseconds limit(half_close_ms_);
  shared_.wheel().arm(*this, std::max(limit, net::timer_wheel::tick));
  last_moved_ = shared_.wheel().now();
}

void session::expired() {
  const std::chrono::milliseconds limit(half_close_ms_);
  const auto idle = (shared_.wheel().now() - last_moved_) * net::timer_wheel::tick;
  if (idle < limit) return shared_.wheel().arm(*this, limit - idle);
  if (failure_) return static_cast<void>(fail(first_ == end_reason::reset_by_client, *failure_));
  end(end_reason::half_close_timeout, {});
}

bool session::fail(bool at_client, const error_code& ec) {
  client_->abort();
  remote_->abort();
  const auto reset = at_client ? end_reason::reset_by_client : end_reason::reset_by_remote;
  const auto other = at_client ? end_reason::client_error : end_reason::remote_error;
  end(is_reset(ec) ? reset : other, ec);
  return false;
}

void session::end(end_reason why, const error_code& ec) {
  disarm();
  up_.release(shared_);
  down_.release(shared_);
  owner_.ended(*this, why, ec);
}

void session::abort() noexcept {
  if (client_ != nullptr) client_->abort();
  if (remote_ != nullptr) remote_->abort();
  disarm();
  up_.release(shared_);
  down_.release(shared_);
}

}  // namespace relay::pump
