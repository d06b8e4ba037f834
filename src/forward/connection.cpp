#include "connection_parts.hpp"

#include <span>
#include <utility>

namespace relay::forward {

using std::chrono::milliseconds;

connection::connection(lane& home, rule& by, std::uint16_t nth, const ip_endpoint& client,
                       std::uint64_t id)
    : lane_(home),
      rule_(&by),
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
    return fail({pump::end_reason::client_error, "registering", ec, {}});
  }
  if (lane_.shared().hooks != nullptr || rule_->asks_client()) return spawn(meet_client());
  route::claim first;
  if (!set_out(since_, first)) spawn(establish(std::move(first), {}, nullptr));
}

void connection::established(const ip_endpoint& as) {
  lane_.shared().log.established(rule_->remotes[chosen_].name, peer_, as, is_warm());
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

void connection::ended(pump::session& /*over*/, pump::end_reason why, const error_code& ec) {
  finish(why, ec);
}

void connection::fail(const step_outcome& why) {
  if (why.is_cancelled()) return abort();
  if (!why.is_quiet) lane_.shared().log.gave_up(*rule_, name(), why.phase, why.text());
  finish(why.why, why.ec);
}

void connection::finish(pump::end_reason why, const error_code& ec) {
  rule_->count.up_bytes += pump_.up();
  rule_->count.down_bytes += pump_.down();
  ++rule_->count.ended[static_cast<std::size_t>(why)];
  const auto lasted = std::chrono::duration_cast<milliseconds>(lane_.worker().now() - since_);
  const auto& remote = rule_->remotes[chosen_].name;
  const session_summary how{id_,
                            name(),
                            pump_.up(),
                            pump_.down(),
                            lasted,
                            why,
                            ec,
                            pump_.has_lost_bytes(),
                            rule_->visitors_of != nullptr};
  if (why == pump::end_reason::half_close_timeout && pump_.is_unanswered()) {
    ++rule_->count.unanswered;
    lane_.shared().log.unanswered(remote, how, rule_->half_close_timeout);
  }
  lane_.shared().log.done(remote, how);
  lane_.remove(*this);
}

void connection::spawn(task<> work) {
  lane_.tasks().spawn(std::move(work), [this] { broke(); });
}

void connection::stop(pump::end_reason why) noexcept {
  dialing_.reset();
  pump_.abort();
  client_.abort();
  finish(why, {});
}

}  // namespace relay::forward
