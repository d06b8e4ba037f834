#include <relay/forward/dial_plan.hpp>

#include <algorithm>
#include <utility>

namespace relay::forward {

dial_plan::dial_plan(std::optional<ip_address> through, const ip_address& tried, step_outcome how)
    : through_(through), tried_(1, tried), stage_(stage::first) {
  ended(std::move(how));
}

dial_plan::step dial_plan::next(bool has_time) {
  if (stage_ == stage::unasked) return {action::look_up};
  if (stage_ == stage::over) return {action::stop};
  if (!left_.empty()) {
    const auto to = left_.back();
    left_.pop_back();
    tried_.push_back(to);
    return {action::connect, to};
  }
  const bool may_have_moved = stage_ == stage::first && !tried_.empty();
  stage_ = stage::over;
  if (!may_have_moved) return {action::stop};
  if (!has_time || last_.cut_short) return {action::refresh};
  return {action::look_up_anew};
}

void dial_plan::found(const std::vector<ip_address>& addresses) {
  if (stage_ == stage::unasked) last_.ec = errc::no_usable_family;  // until one was tried
  stage_ = stage_ == stage::unasked ? stage::first : stage::again;
  for (const auto& each : addresses) {
    const bool is_usable = !through_ || through_->family() == each.family();
    const auto is_in = [&](const auto& list) {
      return std::ranges::find(list, each) != list.end();
    };
    if (is_usable && !is_in(tried_) && !is_in(left_)) left_.push_back(each);
  }
  std::ranges::reverse(left_);
}

void dial_plan::not_found(const error_code& ec) {
  if (stage_ == stage::unasked) {
    last_.why = end_reason::resolve_failed;
    last_.phase = "resolving";
    last_.ec = ec;
    last_.cut_short = ec == errc::timed_out;
  } else if (ec == boost::system::errc::operation_canceled) {
    last_.ec = ec;
  }
  stage_ = stage::over;
}

void dial_plan::ended(step_outcome how) {
  last_ = std::move(how);
  if (last_.is_final()) stage_ = stage::over;
  if (last_.is_final() || last_.cut_short) left_.clear();
}

}  // namespace relay::forward
