#include "connection_parts.hpp"

#include <relay/base/reset.hpp>
#include <relay/forward/hook_step.hpp>
#include <relay/handshake/proxy.hpp>

#include <utility>

// What a connection says and is told before the first byte of its payload, on either side.
namespace relay::forward {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// As if the others had been tried in vain: whoever chose one had a reason.
balance::tried_set all_but(std::size_t chosen, std::size_t count) {
  balance::tried_set others;
  for (std::size_t i = 0; i < count; ++i) {
    if (i != chosen) others.push_back(i);
  }
  return others;
}

}  // namespace

// The client's side first: nothing is dialled for a client that has not got this far. The steps
// stand in the order of the bytes they look at; each has its own limit.
task<> connection::meet_client() {
  if (!introduction_) introduction_ = std::make_unique<introduction>();
  if (lane_.shared().hooks != nullptr) {
    const auto failed = co_await consult_hook();
    if (failed) co_return fail(*failed);
  }
  if (rule_->proxy.accepts) {
    const auto failed = co_await hear_proxy();
    if (failed) co_return fail(*failed);
  }
  if (rule_->in.any()) {
    const auto failed = co_await unwrap_client();
    if (failed) co_return fail(*failed);
  }
  introduction_->done = lane_.worker().now();
  if (const auto chosen = introduction_->chosen; chosen != 0) {
    auto only = rule_->way.only(chosen);
    auto others = all_but(chosen, rule_->remotes.size());
    co_return co_await establish(std::move(only), std::move(others), nullptr);
  }
  route::claim first;
  if (set_out(introduction_->done, first)) co_return;
  co_await establish(std::move(first), {}, nullptr);
}

// The hook sees the bytes as they are on the wire, and leaves them there.
task<std::optional<step_outcome>> connection::consult_hook() {
  const auto answer = co_await ask_hook(*lane_.shared().hooks, lane_.worker(), client_.socket(),
                                        rule_->remotes.size() - 1, rule_->handshake_timeout);
  if (!answer.ec && answer.rejected == nullptr) {
    if (rule_->hook_chooses) introduction_->chosen = answer.index;
    co_return std::nullopt;
  }
  co_return client_failed(answer);
}

// The header that tells who the client is: the first bytes on the wire, whatever comes after them.
task<std::optional<step_outcome>> connection::hear_proxy() {
  if (!rule_->proxy.trusts(peer_.address)) {
    if (rule_->proxy.is_new(peer_.address)) lane_.shared().log.untrusted(main_path(), peer_);
    step_outcome failed;
    failed.why = end_reason::untrusted_proxy;
    failed.ec = errc::untrusted_proxy;
    failed.is_quiet = true;
    co_return failed;
  }
  const auto heard = co_await handshake::read_proxy_header(client_.socket(), lane_.worker().wheel(),
                                                           rule_->proxy.limit);
  if (!heard.ec) {
    lane_.shared().log.header_accepted(heard.header);
    const bool is_stream = heard.header.transport == wire::proxy_transport::stream;
    if (is_stream) introduction_->told = heard.header.addresses;
    co_return std::nullopt;
  }
  co_return client_failed(heard);
}

// What the remote is told of the client.
wire::proxy_bytes connection::header() const {
  const bool is_told = introduction_ && introduction_->told;
  const auto addresses = is_told ? *introduction_->told : wire::only_source(peer_);
  return rule_->proxy.sends == 1 ? wire::write_proxy_v1(addresses)
                                 : wire::write_proxy_v2(addresses);
}

// The remote's side, as soon as it is connected and before anything else goes there.
void connection::greet_remote() {
  const auto header = this->header();
  const auto sent = handshake::try_write_proxy(remote_side().socket(), header);
  if (!sent) return greeted(sent.error());
  if (*sent == header.span().size()) return greeted({});
  // The kernel had no memory for it.
  if (lane_.is_closing()) return abort();
  spawn(go_on_greeting(header, *sent));
}

task<> connection::go_on_greeting(wire::proxy_bytes header, std::size_t sent) {
  const auto limit = time_left().value_or(milliseconds(1));
  greeted(co_await handshake::finish_proxy_header(remote_side().socket(), lane_.worker().wheel(),
                                                  limit, header, sent));
}

void connection::greeted(const error_code& ec) {
  // A remote that has reset the connection already: what it said before that is still delivered.
  if (!ec || is_reset(ec)) return begin();
  fail({end_reason::remote_error, "sending the PROXY header", ec, {}});
}

}  // namespace relay::forward
