#include "name_lookup.hpp"

#include <relay/net/fault.hpp>

#include <algorithm>
#include <utility>

namespace relay::names {

name_lookup::name_lookup(asio::io_context& loop, lookup_plan plan, const limits& bounds,
                         on_outcome done)
    : plan_(std::move(plan)),
      limits_(bounds),
      done_(std::move(done)),
      timer_(loop),
      deadline_(std::chrono::steady_clock::now() + bounds.total) {
  wait_until(deadline_, make_error_code(errc::timed_out));
}

void name_lookup::begin(std::shared_ptr<ares_channel> channel) {
  channel_ = std::move(channel);
  ask();
}

void name_lookup::give_up(error_code why) { wait_until({}, why); }

void name_lookup::ask() {
  for (const auto& each : plan_.next()) {
    auto reply = [this, type = each.type, alive = std::weak_ptr(alive_)](dns_reply answer) {
      if (!alive.expired()) take(type, std::move(answer));
    };
    channel_->ask(each.name, each.type, std::move(reply));
  }
}

void name_lookup::take(record_type type, dns_reply reply) {
  if (!net::attempted([&] { go_on(type, std::move(reply)); })) fail();
}

void name_lookup::settle(error_code why) {
  if (!net::attempted([&] { finish(plan_.settle(why)); })) fail();
}

// For want of memory; those who wait must not do so until their own limits.
void name_lookup::fail() {
  if (is_over()) return;
  dns_outcome failed;
  failed.ec = errc::lookup_failed;
  finish(std::move(failed));
}

void name_lookup::go_on(record_type type, dns_reply reply) {
  plan_.answered(type, std::move(reply));
  if (plan_.outcome()) {
    finish(*plan_.outcome());
    return;
  }
  if (plan_.could_settle() && !in_grace_) {
    in_grace_ = true;
    const auto graceful = std::chrono::steady_clock::now() + limits_.grace;
    wait_until(std::min(deadline_, graceful), make_error_code(errc::timed_out));
  }
  ask();
}

void name_lookup::wait_until(std::chrono::steady_clock::time_point when, error_code why) {
  timer_.expires_at(when);
  timer_.async_wait([this, why, alive = std::weak_ptr(alive_)](const error_code& ec) {
    if (!ec && !alive.expired()) settle(why);
  });
}

void name_lookup::finish(dns_outcome outcome) {
  alive_.reset();  // what still arrives is late
  timer_.cancel();
  channel_.reset();
  const auto done = std::move(done_);
  done(std::move(outcome));
}

}  // namespace relay::names
