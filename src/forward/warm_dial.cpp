#include "warm_dial.hpp"

#include "reach.hpp"

#include <relay/forward/lane.hpp>
#include <relay/handshake/layers.hpp>
#include <relay/net/dial.hpp>

#include <boost/asio/this_coro.hpp>

#include <utility>

namespace relay::forward {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What a connection that is made ahead brings into the dialling loop.
class warm_dialler final : public dial_site {
 public:
  warm_dialler(lane& on, const rule& by, warm_connection& into)
      : lane_(on), rule_(by), into_(into), begun_(on.worker().now()) {}

  std::optional<milliseconds> time_left() const override {
    return left_of(rule_.connect_limit, begun_, lane_.worker().now());
  }
  std::optional<step_outcome> departed() override { return std::nullopt; }
  task<result<names::addresses>> look_up(const std::string& host, bool anew) override;
  task<step_outcome> attempt(ip_endpoint to, bool has_next) override;

 private:
  task<> shake_hands(step_outcome& made);

  lane& lane_;
  const rule& rule_;
  warm_connection& into_;
  steady_clock::time_point begun_;
};

task<result<names::addresses>> warm_dialler::look_up(const std::string& host, bool anew) {
  net::patience patience(co_await asio::this_coro::executor, lane_.worker().wheel(),
                         time_left().value_or(milliseconds(1)));
  co_return co_await ask_for(lane_, host, anew, patience);
}

task<step_outcome> warm_dialler::attempt(ip_endpoint to, bool /*has_next*/) {
  step_outcome made;
  const auto limit = connect_time(rule_, to, time_left(), made);
  if (!limit) co_return made;
  made.ec = co_await net::dial(into_.bare().socket(), lane_.worker().wheel(), to, rule_.dial,
                               *limit, made.phase);
  made.cut_short = made.ec == errc::timed_out && *limit != rule_.tcp_timeout;
  const bool is_whole = !rule_.out.any() || rule_.proxy.sends != 0;
  if (!made.ec && !is_whole) co_await shake_hands(made);
  if (!made.is_final()) into_.over().clear();
  co_return made;
}

task<> warm_dialler::shake_hands(step_outcome& made) {
  if (rule_.out.tls) {
    lane_.shared().log.certificates(rule_, rule_.out.tls->refresh(steady_clock::now()));
  }
  const auto left = time_left().value_or(milliseconds(1));
  const handshake::tools with{lane_.tls(), lane_.worker().wheel(),
                              shorter(rule_.handshake_timeout, left)};
  // Nobody speaks yet: an empty frame tells a WebSocket server of ours that it need not wait.
  auto opened = co_await handshake::open_to_remote(into_.over(), rule_.out, made.at, false, with);
  made.phase = opened.phase;
  made.ec = opened.ec;
  made.more = std::move(opened.more);
}

}  // namespace

task<step_outcome> dial_warm(lane& on, const rule& by, const remote& whom, warm_connection& into) {
  warm_dialler here(on, by, into);
  if (whom.address) co_return co_await here.attempt({*whom.address, whom.port(0)}, false);
  co_return co_await reach(on, here, dial_plan(by.through()), whom.host, whom.port(0));
}

}  // namespace relay::forward
