#include "connection_parts.hpp"

#include <relay/forward/lane.hpp>
#include <relay/forward/own_listener.hpp>
#include <relay/net/dial.hpp>
#include <relay/net/timeout.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

// The way to a remote: the short one without a coroutine, and the long one.
namespace relay::forward {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::optional<ip_endpoint> connection::known_address(const remote& of) const {
  if (of.address) return ip_endpoint{*of.address, of.port(nth_)};
  const auto known = lane_.shared().names.cached(of.host);
  if (!known || !*known || (**known)->size() != 1) return std::nullopt;
  const auto& address = (**known)->front();
  if (!rule_->can_dial(address)) return std::nullopt;
  return ip_endpoint{address, of.port(nth_)};
}

std::optional<milliseconds> connection::time_left() const {
  const auto begun = introduction_ ? introduction_->done : since_;
  return left_of(rule_->connect_limit, begun, lane_.worker().now());
}

// The short way: only a connect to one known address is left, which needs no coroutine.
void connection::dial(route::claim by, const ip_endpoint& to) {
  chosen_ = static_cast<std::uint16_t>(by.index());
  if (leads_back(*rule_, to)) {
    return go_on(std::move(by), {pump::end_reason::loop, "connecting", errc::own_listener, to});
  }
  auto done = [this, to](const error_code& ec) { dialled(to, ec); };
  dialing_.reset(new dialing{std::move(by),
                             {remote_.socket(), lane_.worker().wheel(), std::move(done)},
                             {*this, [this] { leave(); }}});
  dialing_->socket.start(to, rule_->dial, shorter(rule_->tcp_timeout, rule_->connect_limit));
}

void connection::dialled(const ip_endpoint& to, const error_code& ec) {
  auto by = std::move(dialing_->by);
  const auto* const step = dialing_->socket.step();
  dialing_.reset();  // before anybody else is to be woken by that socket
  if (!ec) {
    by.succeeded();
    return established(to);
  }
  lane_.shared().log.address_failed(rule_->remotes[chosen_].name, to, step, ec);
  go_on(std::move(by), {pump::end_reason::connect_failed, step, ec, to});
}

// The first remote has failed on the short way; what follows is rare enough for the long one.
void connection::go_on(route::claim failed, const outcome& why) {
  if (lane_.is_closing()) return abort();
  if (!rule_->remotes[failed.index()].address) {  // its name may stand for another address by now
    auto first = std::make_unique<outcome>(why);
    return lane_.tasks().spawn(establish(std::move(failed), {}, std::move(first)));
  }
  balance::tried_set tried{failed.index()};
  report(failed, why, true);
  if (!rule_->way.has_choice() || !time_left()) return fail(why);
  auto next = rule_->way.pick(source().address, steady_clock::now(), tried);
  if (!next) return fail(why);
  lane_.tasks().spawn(establish(std::move(next), std::move(tried), nullptr));
}

// The long way: each candidate once, until one answers or `connect_limit` is over. `first`: how the
// short way to the first of them has ended.
task<> connection::establish(route::claim by, balance::tried_set tried,
                             std::unique_ptr<outcome> first) {
  outcome last;
  while (by) {
    chosen_ = static_cast<std::uint16_t>(by.index());
    if (first) {
      std::vector<ip_address> there(1, first->at.address);
      last = co_await reach_anew(by.index(), std::move(there), std::move(*first));
      first.reset();
    } else {
      last = co_await reach(by.index());
    }
    if (last.ec == asio::error::operation_aborted || last.is_told) break;
    if (!last.ec) {
      by.succeeded();
      co_return established(last.at);
    }
    report(by, last, tried.empty());
    tried.push_back(by.index());
    if (!time_left()) break;
    by = rule_->way.pick(source().address, steady_clock::now(), tried);
  }
  by.abandon();
  fail(last);
}

// gcc 12 inlines the allocation of this coroutine's frame, but not its release, and takes the two
// of Asio for a pair that does not match.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
// Looks the name up, then tries its addresses in order.
task<connection::outcome> connection::reach(std::size_t index) {
  const auto& whom = rule_->remotes[index];
  if (has_left()) co_return departed();
  if (rule_->is_warm()) {
    auto made = co_await reach_warm(index);
    if (made) co_return std::move(*made);
  }
  if (whom.address) {
    const ip_endpoint to{*whom.address, whom.port(nth_)};
    co_return co_await reach(to, whom);
  }
  outcome last;
  auto found = co_await look_up(whom.host, asking::known);
  if (has_left()) co_return departed();
  if (!found) {
    last.why = pump::end_reason::resolve_failed;
    last.phase = "resolving";
    last.ec = found.error();
    last.cut_short = last.ec == errc::timed_out;
    co_return last;
  }
  last.ec = errc::no_usable_family;
  std::vector<ip_address> tried;
  last = co_await reach_each(*found, whom, tried, std::move(last));
  if (!last.ec || tried.empty()) co_return last;
  co_return co_await reach_anew(index, std::move(tried), std::move(last));
}
#pragma GCC diagnostic pop

// All addresses that its name had have failed; it may have moved. Where there is no time left this
// is for those who come next.
task<connection::outcome> connection::reach_anew(std::size_t index, std::vector<ip_address> tried,
                                                 outcome last) {
  const auto& whom = rule_->remotes[index];
  if (last.ec == asio::error::operation_aborted || last.is_told) co_return last;
  if (last.cut_short || !time_left()) {
    lane_.shared().names.refresh(whom.host, lane_.worker().index());
    co_return last;
  }
  auto found = co_await look_up(whom.host, asking::anew);
  if (has_left()) co_return departed();
  if (found) co_return co_await reach_each(*found, whom, tried, std::move(last));
  if (found.error() == asio::error::operation_aborted) last.ec = found.error();
  co_return last;
}

// Those that were not tried before, in order. None: as it was.
task<connection::outcome> connection::reach_each(net::addresses of, const remote& whom,
                                                 std::vector<ip_address>& tried, outcome last) {
  for (const auto& address : *of) {
    const bool is_known = std::ranges::find(tried, address) != tried.end();
    if (is_known || !rule_->can_dial(address)) continue;
    tried.push_back(address);
    const ip_endpoint to{address, whom.port(nth_)};
    last = co_await reach(to, whom);
    if (!last.ec || last.ec == asio::error::operation_aborted || last.cut_short) break;
    if (last.is_told) break;
  }
  co_return last;
}

// Until the client leaves or `connect_limit` is over.
task<result<net::addresses>> connection::look_up(const std::string& host, asking how) {
  net::patience patience(co_await asio::this_coro::executor, lane_.worker().wheel(),
                         time_left().value_or(milliseconds(1)));
  const departure gone(*this, [&patience] { patience.give_up(); });
  auto& names = lane_.shared().names;
  const auto here = lane_.worker().index();
  auto asked = how == asking::anew ? names.lookup_anew(host, here) : names.lookup(host, here);
  co_return co_await net::with_patience(std::move(asked), patience);
}

task<connection::outcome> connection::reach(ip_endpoint to, const remote& whom) {
  outcome made;
  made.at = to;
  if (leads_back(*rule_, to)) {
    made.why = pump::end_reason::loop;
    made.ec = errc::own_listener;
    co_return made;
  }
  const auto left = time_left();
  if (!left) {
    made.ec = errc::timed_out;
    made.cut_short = true;
    co_return made;
  }
  const auto limit = shorter(rule_->tcp_timeout, *left);
  const departure gone(*this);
  made.ec = co_await net::dial(remote_.socket(), lane_.worker().wheel(), to, rule_->dial, limit,
                               made.phase);
  made.cut_short = made.ec == errc::timed_out && limit != rule_->tcp_timeout;
  if (!made.ec && rule_->out.any() && !has_left()) made = co_await wrap_remote(to);
  if (has_left()) co_return departed();
  if (made.ec && made.ec != asio::error::operation_aborted) {
    lane_.shared().log.address_failed(whom.name, to, made.phase, made.ec);
  }
  co_return made;
}

// A remote that was given only what others had left of `connect_limit` has not failed.
void connection::report(route::claim& failed, const outcome& how, bool is_first) {
  if (how.cut_short && !is_first) return failed.abandon();
  failed.failed(steady_clock::now(), how.ec);
}

}  // namespace relay::forward
