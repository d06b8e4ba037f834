#include "connection_parts.hpp"

#include <relay/forward/own_listener.hpp>
#include <relay/net/dial.hpp>

#include <boost/asio/this_coro.hpp>

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

bool connection::set_out(steady_clock::time_point now, route::claim& by) {
  by = rule_->way.pick(source().address, lane_.worker().real(now), {});
  if (use_warm(by)) return true;
  const auto to = rule_->out.any() ? std::nullopt : known_address(rule_->remotes[by.index()]);
  if (to) dial(std::move(by), *to);
  return to.has_value();
}

// The short way: only a connect to one known address is left, which needs no coroutine.
void connection::dial(route::claim by, const ip_endpoint& to) {
  chosen_ = static_cast<std::uint16_t>(by.index());
  if (leads_back(*rule_, to)) {
    return go_on(std::move(by), {end_reason::loop, "connecting", errc::own_listener, to});
  }
  auto done = [this, to](const error_code& ec) { guarded([&] { dialled(to, ec); }); };
  dialing_.reset(new dialing{std::move(by),
                             {remote_.socket(), lane_.worker().wheel(), std::move(done)},
                             {*this, [this] { guarded([this] { leave(); }); }}});
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
  const step_outcome why{end_reason::connect_failed, step, ec, to};
  lane_.shared().log.address_failed(path(), why, false);  // the only address that is known
  go_on(std::move(by), why);
}

// The first remote has failed on the short way; what follows is rare enough for the long one.
void connection::go_on(route::claim failed, const step_outcome& why) {
  if (lane_.is_closing()) return abort();
  if (!rule_->remotes[failed.index()].address) {  // its name may stand for another address by now
    auto first = std::make_unique<step_outcome>(why);
    return spawn(establish(std::move(failed), {}, std::move(first)));
  }
  balance::tried_set tried{failed.index()};
  report(failed, why, true);
  if (!rule_->way.has_choice() || !time_left()) return fail(why);
  auto next = rule_->way.pick(source().address, steady_clock::now(), tried);
  if (!next) return fail(why);
  spawn(establish(std::move(next), std::move(tried), nullptr));
}

// The long way: each candidate once, until one answers or `connect_limit` is over. `first`: how the
// short way to the first of them has ended.
task<> connection::establish(route::claim by, balance::tried_set tried,
                             std::unique_ptr<step_outcome> first) {
  step_outcome last;
  while (by) {
    chosen_ = static_cast<std::uint16_t>(by.index());
    if (first) {
      const auto address = first->at.address;
      last = co_await reach_name(by.index(), {rule_->through(), address, std::move(*first)});
      first.reset();
    } else {
      last = co_await reach(by.index());
    }
    if (!last.ec) {
      by.succeeded();
      co_return established(last.at);
    }
    if (last.is_final()) break;
    report(by, last, tried.empty());
    tried.push_back(by.index());
    if (!time_left()) break;
    by = rule_->way.pick(source().address, steady_clock::now(), tried);
  }
  by.abandon();
  fail(last);
}

// What a connection brings into the dialling loop.
class connection::dialler final : public dial_site {
 public:
  explicit dialler(connection& of) : of_(of) {}

  std::optional<milliseconds> time_left() const override { return of_.time_left(); }
  std::optional<step_outcome> departed() override {
    if (!of_.has_left()) return std::nullopt;
    return of_.departed();
  }
  task<result<names::addresses>> look_up(const std::string& host, bool anew) override {
    return of_.look_up(host, anew);
  }
  task<step_outcome> attempt(ip_endpoint to, bool has_next) override {
    return of_.attempt(to, has_next);
  }

 private:
  connection& of_;
};

// gcc 12 inlines the allocation of this coroutine's frame, but not its release, and takes the two
// of Asio for a pair that does not match.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
task<step_outcome> connection::reach(std::size_t index) {
  const auto& whom = rule_->remotes[index];
  if (has_left()) co_return departed();
  if (rule_->is_warm()) {
    auto made = co_await reach_warm(index);
    if (made) co_return std::move(*made);
  }
  if (whom.address) co_return co_await attempt({*whom.address, whom.port(nth_)}, false);
  co_return co_await reach_name(index, dial_plan(rule_->through()));
}
#pragma GCC diagnostic pop

task<step_outcome> connection::reach_name(std::size_t index, dial_plan plan) {
  const auto& whom = rule_->remotes[index];
  dialler here(*this);
  co_return co_await forward::reach(lane_, here, std::move(plan), whom.host, whom.port(nth_));
}

// Until the client leaves or `connect_limit` is over.
task<result<names::addresses>> connection::look_up(const std::string& host, bool anew) {
  net::patience patience(co_await asio::this_coro::executor, lane_.worker().wheel(),
                         time_left().value_or(milliseconds(1)));
  const departure gone(*this, [&patience] { patience.give_up(); });
  co_return co_await ask_for(lane_, host, anew, patience);
}

// One address: connect, and the handshakes.
task<step_outcome> connection::attempt(ip_endpoint to, bool has_next) {
  step_outcome made;
  const auto limit = connect_time(*rule_, to, time_left(), made);
  if (!limit) co_return made;
  const departure gone(*this);
  made.ec = co_await net::dial(remote_.socket(), lane_.worker().wheel(), to, rule_->dial, *limit,
                               made.phase);
  made.cut_short = made.ec == errc::timed_out && *limit != rule_->tcp_timeout;
  if (!made.ec && rule_->out.any() && !has_left()) made = co_await wrap_remote(to);
  if (has_left()) co_return departed();
  if (made.ec && !made.is_cancelled()) {
    made.at = to;
    lane_.shared().log.address_failed(path(), made, has_next);
  }
  co_return made;
}

// A remote that was given only what others had left of `connect_limit` has not failed.
void connection::report(route::claim& failed, const step_outcome& how, bool is_first) {
  if (how.cut_short && !is_first) return failed.abandon();
  failed.failed(steady_clock::now(), how.ec);
}

}  // namespace relay::forward
