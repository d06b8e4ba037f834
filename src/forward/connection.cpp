#include <relay/forward/connection.hpp>
#include <relay/forward/lane.hpp>
#include <relay/net/dial.hpp>
#include <relay/net/timeout.hpp>

#include <algorithm>
#include <utility>

namespace relay::forward {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The shorter of two limits of which 0 means none.
milliseconds shorter(milliseconds a, milliseconds b) {
  if (a.count() == 0) return b;
  if (b.count() == 0) return a;
  return std::min(a, b);
}

}  // namespace

connection::connection(lane& home, rule& by, std::uint16_t nth, const ip_endpoint& client,
                       std::uint64_t id)
    : lane_(home),
      rule_(by),
      nth_(nth),
      peer_(client),
      id_(id),
      client_(home.worker().poller()),
      remote_(home.worker().poller()),
      pump_(home.workspace(), *this, by.half_close_timeout) {}

connection::~connection() = default;

void connection::start(unique_fd client) {
  // An accepted socket is connected, so it can be written to.
  if (const auto ec = client_.socket().attach(std::move(client), net::seen::writable)) {
    return fail(pump::end_reason::client_error, "registering", ec);
  }
  const auto& to = rule_.remotes.front();
  if (to.address) return dial({*to.address, to.port(nth_)});
  const auto known = lane_.shared().names.cached(to.host);
  if (known && *known && (**known)->size() == 1 && rule_.can_dial((**known)->front())) {
    return dial({(**known)->front(), to.port(nth_)});
  }
  lane_.tasks().spawn(establish());
}

// The short way: only a connect to one known address is left, which needs no coroutine.
void connection::dial(const ip_endpoint& to) {
  auto done = [this, to](const error_code& ec) { dialled(to, ec); };
  dialing_ =
      std::make_unique<net::connecting>(remote_.socket(), lane_.worker().wheel(), std::move(done));
  dialing_->start(to, rule_.dial, shorter(rule_.tcp_timeout, rule_.connect_limit));
}

void connection::dialled(const ip_endpoint& to, const error_code& ec) {
  const auto* const step = dialing_->step();
  dialing_.reset();
  if (!ec) return established(to);
  lane_.shared().log.address_failed(rule_, to, step, ec);
  fail(pump::end_reason::connect_failed, step, ec);
}

// The long way: look the name up, then try its addresses in order, all within `connect_limit`.
task<> connection::establish() {
  const auto began = steady_clock::now();
  const auto& remote = rule_.remotes.front();
  auto asked = lane_.shared().names.lookup(remote.host, lane_.worker().index());
  auto found = co_await net::with_timeout(std::move(asked), rule_.connect_limit);
  if (!found) co_return fail(pump::end_reason::resolve_failed, "resolving", found.error());
  const char* step = "connecting";
  error_code last = errc::no_usable_family;
  for (const auto& address : **found) {
    if (!rule_.can_dial(address)) continue;
    const auto spent = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
    const auto left = rule_.connect_limit - spent;
    if (rule_.connect_limit.count() > 0 && left.count() <= 0) {
      last = errc::timed_out;
      break;
    }
    const auto limit = shorter(rule_.tcp_timeout, std::max(left, milliseconds(0)));
    const ip_endpoint to{address, remote.port(nth_)};
    last =
        co_await net::dial(remote_.socket(), lane_.worker().wheel(), to, rule_.dial, limit, step);
    if (!last) co_return established(to);
    if (last == asio::error::operation_aborted) break;
    lane_.shared().log.address_failed(rule_, to, step, last);
  }
  fail(pump::end_reason::connect_failed, step, last);
}

void connection::established(const ip_endpoint& as) {
  lane_.shared().log.established(rule_, peer_, as);
  pump_.start(client_, remote_);
}

void connection::ended(pump::session& /*over*/, pump::end_reason why, const error_code& ec) {
  finish(why, ec);
}

void connection::fail(pump::end_reason why, const char* phase, const error_code& ec) {
  if (ec == asio::error::operation_aborted) return abort();
  lane_.shared().log.gave_up(rule_, peer_, phase, ec);
  finish(why, ec);
}

void connection::finish(pump::end_reason why, const error_code& ec) {
  rule_.count.up_bytes += pump_.up();
  rule_.count.down_bytes += pump_.down();
  ++rule_.count.ended[static_cast<std::size_t>(why)];
  const auto lasted = std::chrono::duration_cast<milliseconds>(steady_clock::now() - since_);
  lane_.shared().log.done(rule_, {id_, peer_, pump_.up(), pump_.down(), lasted, why, ec});
  lane_.remove(*this);
}

void connection::abort() noexcept {
  dialing_.reset();
  pump_.abort();
  client_.abort();
  finish(pump::end_reason::shutdown, {});
}

}  // namespace relay::forward
