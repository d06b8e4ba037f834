#include "connection_parts.hpp"

#include <relay/net/fault.hpp>
#include <relay/net/queue_time.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace relay::forward {

using std::chrono::milliseconds;

connection::connection(lane& home, rule& by, std::uint16_t nth, const ip_endpoint& client,
                       std::uint64_t id)
    : lane_(home),
      rule_(by),
      nth_(nth),
      peer_(client),
      id_(id),
      since_(home.worker().now()),
      client_(home.worker().poller()),
      remote_(home.worker().poller()),
      pump_(home.workspace(), *this, by.half_close_timeout, by.idle_timeout, by.moderated) {}

connection::~connection() = default;

void connection::start(unique_fd client) noexcept {
  guarded([&] { set_off(std::move(client)); });
}

void connection::set_off(unique_fd client) {
  // An accepted socket is connected, so it can be written to.
  if (const auto ec = client_.socket().attach(std::move(client), net::seen::writable)) {
    return fail({end_reason::client_error, "registering", ec, {}});
  }
  note_waiting();
  if (lane_.shared().hooks != nullptr || rule_->asks_client()) return spawn(meet_client());
  route::claim first;
  if (!set_out(since_, first)) spawn(establish(std::move(first), {}, nullptr));
}

// Only the kernel knows how long a client was in its queue, and it is asked only where there was
// one.
void connection::note_waiting() {
  if (!lane_.shared().door.keeps_waiting(rule_->limit)) return;
  const auto waited = net::queue_time(client_.socket().fd());
  if (waited.count() == 0) return;
  introduction_ = std::make_unique<introduction>();
  introduction_->done = since_;
  introduction_->waited = waited;
}

void connection::established(const ip_endpoint& as) {
  if (!is_warm() && lane_.shared().log.wants_times()) connected_after_ = since_dialling();
  lane_.shared().log.established(path(), peer_, as, is_warm());
  if (rule_->proxy.sends != 0 && !rule_->out.any()) return greet_remote();
  begin();
}

void connection::begin() {
  if (by().rates.any()) pump_.limit(by().rates);
  if (!wrapping_) return pump_.start(client_, remote_);
  auto& client = wrapping_->client.top();
  if (introduction_ && !introduction_->said.empty()) {
    const auto said = std::exchange(introduction_->said, {});
    return pump_.start(client, remote_, {}, std::as_bytes(std::span(said)));
  }
  if (wrapping_->remote) return pump_.start(client, wrapping_->remote->top());
  if (!wrapping_->warm) return pump_.start(client, remote_);
  const auto heard = wrapping_->warm->heard();
  pump_.start(client, wrapping_->warm->over().top(), heard);
}

const ip_endpoint& connection::source() const noexcept {
  return introduction_ && introduction_->told ? introduction_->told->source : peer_;
}

client_name connection::name() const {
  if (introduction_ && introduction_->told) return {source(), peer_};
  return {peer_, {}};
}

std::uint32_t connection::since_dialling() const {
  const auto begun = introduction_ ? introduction_->done : since_;
  const auto passed = std::chrono::floor<session_times::tenths>(lane_.worker().now() - begun);
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(passed.count(), 0, never - 1));
}

session_times connection::times() const {
  session_times made;
  if (connected_after_ != never) made.connect = session_times::tenths(connected_after_);
  if (answered_after_ != never) made.first_byte = session_times::tenths(answered_after_);
  if (introduction_) made.waited = introduction_->waited;
  made.is_warm = is_warm();
  return made;
}

// Once in a session, not once in an exchange, so the clock may be asked.
void connection::answered(pump::session& /*by*/) {
  if (lane_.shared().log.wants_times()) answered_after_ = since_dialling();
}

void connection::ended(pump::session& /*over*/, pump::session_end how, const error_code& ec) {
  finish(reason_of(how), ec);
}

void connection::broke(pump::session& /*over*/, const std::exception& why) {
  tell_of_fault(why);
  broke();
}

void connection::tell_of_fault(const std::exception& why) noexcept {
  net::contain({}, [&] { lane_.shared().log.broke(main_path(), peer_, why.what()); });
}

void connection::fail(const step_outcome& why) {
  if (why.is_cancelled()) return abort();
  if (!why.is_quiet) lane_.shared().log.gave_up(main_path(), name(), why.phase, why.text());
  finish(why.why, why.ec, why.more);
}

void connection::finish(end_reason why, const error_code& ec, const std::string& detail) noexcept {
  if (is_killed()) why = end_reason::killed;
  rule_->count.up_bytes += pump_.up();
  rule_->count.down_bytes += pump_.down();
  ++rule_->count.ended[static_cast<std::size_t>(why)];
  if (why == end_reason::half_close_timeout && pump_.is_unanswered()) {
    ++rule_->count.unanswered;
  }
  net::contain({}, [&] { tell_of_end(why, ec, detail); });  // the log may lack memory
  lane_.remove(*this);
}

void connection::tell_of_end(end_reason why, const error_code& ec, const std::string& detail) {
  const auto lasted = std::chrono::duration_cast<milliseconds>(lane_.worker().now() - since_);
  const session_summary how{id_,
                            name(),
                            pump_.up(),
                            pump_.down(),
                            lasted,
                            why,
                            ec,
                            pump_.has_lost_bytes(),
                            rule_->visitors_of != nullptr,
                            times(),
                            detail};
  if (why == end_reason::half_close_timeout && pump_.is_unanswered()) {
    lane_.shared().log.unanswered(path(), how, rule_->half_close_timeout);
  }
  lane_.shared().log.done(path(), how);
}

void connection::spawn(task<> work) {
  lane_.tasks().spawn(std::move(work), [this] { broke(); });
}

void connection::stop(end_reason why) noexcept {
  dialing_.reset();
  pump_.abort();
  client_.abort();
  finish(why, {});
}

}  // namespace relay::forward
