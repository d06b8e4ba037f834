#include "connection_parts.hpp"

#include <relay/base/reset.hpp>
#include <relay/handshake/layers.hpp>
#include <relay/handshake/proxy.hpp>

#include <utility>

// TLS and WebSocket around a connection's sockets, on either side.
namespace relay::forward {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// After the PROXY header, before anything is dialled.
task<std::optional<step_outcome>> connection::unwrap_client() {
  wrapping_ = std::make_unique<wrapping>(client_);
  if (rule_->in.tls) {
    lane_.shared().log.certificates(*rule_, rule_->in.tls->refresh(steady_clock::now()));
  }
  const handshake::tools with{lane_.tls(), lane_.worker().wheel(), rule_->handshake_timeout};
  auto opened = co_await handshake::open_for_client(wrapping_->client, rule_->in, with);
  if (!opened.ec) {
    tell_of_certificate();
    co_return std::nullopt;
  }
  if (opened.is_visitor && rule_->visitors) {
    const auto why = opened.more.empty() ? describe(opened.ec) : opened.more;
    hand_over(opened.phase, why, std::move(opened.said));
    co_return std::nullopt;
  }
  co_return client_failed(std::move(opened));
}

void connection::tell_of_certificate() {
  if (!rule_->in.tls || !rule_->in.tls->verifies()) return;
  if (auto name = wrapping_->client.tls()->peer_name(); !name.empty())
    lane_.shared().log.client_verified(main_path(), peer_, name);
}

// From here on it is a client like others, of a rule that asks nothing of it. What has come about
// of the layers stays: inside of TLS the web server is spoken to through it.
void connection::hand_over(const char* phase, std::string_view why, std::string said) {
  ++rule_->count.visitors;
  rule_.go_to_visitors();
  introduction_->said = std::move(said);
  introduction_->chosen = 0;
  lane_.shared().log.handed_over(main_path(), name(), phase, why);
}

// Right after the connect: the PROXY header lies below all layers. A handshake that fails is like a
// connect that failed: another address or remote may do better.
task<step_outcome> connection::wrap_remote(ip_endpoint to) {
  step_outcome made;
  made.at = to;
  made.why = end_reason::remote_handshake_failed;
  if (!wrapping_) wrapping_ = std::make_unique<wrapping>(client_);
  wrapping_->remote.reset();
  auto& below = remote_side();
  wrapping_->remote.emplace(below);
  const auto left = time_left();
  const auto limit = shorter(rule_->handshake_timeout, left.value_or(milliseconds(1)));
  if (rule_->proxy.sends != 0) {
    made.phase = "sending the PROXY header";
    made.ec = co_await handshake::finish_proxy_header(below.socket(), lane_.worker().wheel(), limit,
                                                      header(), 0);
    made.cut_short = made.ec == errc::timed_out && limit != rule_->handshake_timeout;
    if (made.ec) co_return made;
  }
  if (rule_->out.tls) {
    lane_.shared().log.certificates(*rule_, rule_->out.tls->refresh(steady_clock::now()));
  }
  const handshake::tools with{lane_.tls(), lane_.worker().wheel(), limit};
  // Nobody has read from a bare client yet, so what it has sent is still announced.
  const bool speaks = !rule_->in.any() && net::has(client_.socket().events(), net::seen::readable);
  auto opened =
      co_await handshake::open_to_remote(*wrapping_->remote, rule_->out, to, speaks, with);
  made.phase = opened.phase;
  made.ec = opened.ec;
  made.more = std::move(opened.more);
  made.cut_short = made.ec == errc::timed_out && limit != rule_->handshake_timeout;
  if (made.ec) {
    wrapping_->remote.reset();
    below.socket().close();  // nobody has to wait there while another is tried
  }
  co_return made;
}

}  // namespace relay::forward
