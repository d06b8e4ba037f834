#include "reach.hpp"

#include <relay/forward/lane.hpp>
#include <relay/forward/own_listener.hpp>

#include <algorithm>
#include <utility>

namespace relay::forward {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

task<step_outcome> reach(lane& on, dial_site& by, dial_plan plan, const std::string& host,
                         std::uint16_t port) {
  using action = dial_plan::action;
  for (;;) {
    if (auto left = by.departed()) co_return std::move(*left);
    const auto next = plan.next(by.time_left().has_value());
    switch (next.what) {
      case action::look_up:
      case action::look_up_anew: {
        const bool anew = next.what == action::look_up_anew;
        const auto found = co_await by.look_up(host, anew);
        found ? plan.found(**found) : plan.not_found(found.error());
        break;
      }
      case action::connect:
        plan.ended(co_await by.attempt({next.to, port}, plan.has_next()));
        break;
      case action::refresh:
        on.shared().names.refresh(host, on.worker().index());
        co_return std::move(plan.outcome());
      case action::stop:
        co_return std::move(plan.outcome());
    }
  }
}

task<result<names::addresses>> ask_for(lane& on, const std::string& host, bool anew,
                                       net::patience& patience) {
  auto& names = on.shared().names;
  const auto here = on.worker().index();
  auto asked = anew ? names.lookup_anew(host, here) : names.lookup(host, here);
  return net::with_patience(std::move(asked), patience);
}

std::optional<milliseconds> connect_time(const rule& by, const ip_endpoint& to,
                                         std::optional<milliseconds> left, step_outcome& made) {
  made.at = to;
  if (leads_back(by, to)) {
    made.why = end_reason::loop;
    made.ec = errc::own_listener;
    return std::nullopt;
  }
  if (!left) {
    made.ec = errc::timed_out;
    made.cut_short = true;
    return std::nullopt;
  }
  return shorter(by.tcp_timeout, *left);
}

milliseconds shorter(milliseconds a, milliseconds b) noexcept {
  if (a.count() == 0 || b.count() == 0) return std::max(a, b);
  return std::min(a, b);
}

std::optional<milliseconds> left_of(milliseconds limit, steady_clock::time_point begun,
                                    steady_clock::time_point now) noexcept {
  if (limit.count() == 0) return limit;
  const auto spent = std::chrono::duration_cast<milliseconds>(now - begun);
  if (spent >= limit) return std::nullopt;
  return limit - spent;
}

}  // namespace relay::forward
