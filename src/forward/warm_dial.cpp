#include "warm_dial.hpp"

#include "connection_parts.hpp"

#include <relay/forward/lane.hpp>
#include <relay/forward/own_listener.hpp>
#include <relay/net/dial.hpp>
#include <relay/net/timeout.hpp>
#include <relay/transport/layer_steps.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace relay::forward {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

task<error_code> shake_hands(lane& on, const rule& by, warm_connection& into,
                             steady_clock::time_point begun, warm_outcome& made) {
  if (by.out.tls) on.shared().log.certificates(by, by.out.tls->refresh(steady_clock::now()));
  const auto left = left_of(by.connect_limit, begun, on.worker().now()).value_or(milliseconds(1));
  const transport::handshake_tools with{on.tls(), on.worker().wheel(),
                                        shorter(by.handshake_timeout, left)};
  // Nobody speaks yet: an empty frame tells a WebSocket server of ours that it need not wait.
  auto opened = co_await transport::open_to_remote(into.over(), by.out, made.at, false, with);
  made.phase = opened.phase;
  made.more = std::move(opened.more);
  co_return opened.ec;
}

task<warm_outcome> dial_one(lane& on, const rule& by, ip_endpoint to, warm_connection& into,
                            steady_clock::time_point begun) {
  warm_outcome made;
  made.at = to;
  if (leads_back(by, to)) {
    made.ec = errc::own_listener;
    co_return made;
  }
  const auto left = left_of(by.connect_limit, begun, on.worker().now());
  if (!left) {
    made.ec = errc::timed_out;
    co_return made;
  }
  const auto most = shorter(by.tcp_timeout, *left);
  made.ec =
      co_await net::dial(into.bare().socket(), on.worker().wheel(), to, by.dial, most, made.phase);
  const bool is_whole = !by.out.any() || by.proxy.sends != 0;
  if (!made.ec && !is_whole) made.ec = co_await shake_hands(on, by, into, begun, made);
  co_return made;
}

// Those that were not tried before, in order. None: as it was.
task<warm_outcome> dial_each(lane& on, const rule& by, const remote& whom, net::addresses of,
                             warm_connection& into, steady_clock::time_point begun,
                             std::vector<ip_address>& tried, warm_outcome last) {
  for (const auto& address : *of) {
    const bool is_known = std::ranges::find(tried, address) != tried.end();
    if (is_known || !by.can_dial(address)) continue;
    tried.push_back(address);
    const ip_endpoint to{address, whom.port(0)};
    last = co_await dial_one(on, by, to, into, begun);
    if (!last.ec || last.ec == asio::error::operation_aborted) break;
    into.over().clear();
  }
  co_return last;
}

}  // namespace

task<warm_outcome> dial_warm(lane& on, const rule& by, const remote& whom, warm_connection& into) {
  const auto begun = on.worker().now();
  if (whom.address) {
    const ip_endpoint to{*whom.address, whom.port(0)};
    co_return co_await dial_one(on, by, to, into, begun);
  }
  warm_outcome last;
  last.phase = "resolving";
  net::patience patience(co_await asio::this_coro::executor, on.worker().wheel(), by.connect_limit);
  auto asked = on.shared().names.lookup(whom.host, on.worker().index());
  const auto found = co_await net::with_patience(std::move(asked), patience);
  if (!found) {
    last.ec = found.error();
    co_return last;
  }
  last.ec = errc::no_usable_family;
  std::vector<ip_address> tried;
  last = co_await dial_each(on, by, whom, *found, into, begun, tried, std::move(last));
  if (!last.ec || last.ec == asio::error::operation_aborted || tried.empty()) co_return last;
  // Its name may stand for others by now.
  const auto left = left_of(by.connect_limit, begun, on.worker().now());
  if (!left) {
    on.shared().names.refresh(whom.host, on.worker().index());
    co_return last;
  }
  net::patience rest(co_await asio::this_coro::executor, on.worker().wheel(), *left);
  auto anew = on.shared().names.lookup_anew(whom.host, on.worker().index());
  const auto others = co_await net::with_patience(std::move(anew), rest);
  if (others) {
    co_return co_await dial_each(on, by, whom, *others, into, begun, tried, std::move(last));
  }
  if (others.error() == asio::error::operation_aborted) last.ec = others.error();
  co_return last;
}

}  // namespace relay::forward
