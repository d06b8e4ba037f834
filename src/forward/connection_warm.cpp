#include "connection_parts.hpp"

#include <utility>

// Connections that were made ahead, in place of dialling.
namespace relay::forward {

bool connection::is_warm() const noexcept { return wrapping_ && wrapping_->warm; }

transport::plain_stream& connection::remote_side() noexcept {
  return is_warm() ? wrapping_->warm->bare() : remote_;
}

bool connection::take_warm(std::size_t index) {
  auto ready = lane_.take_warm(*rule_, index);
  if (!ready) return false;
  if (!wrapping_) wrapping_ = std::make_unique<wrapping>(client_);
  wrapping_->warm = std::move(ready);
  return true;
}

// On the short way, where nothing is left to be done but to greet the remote. That it could be
// connected some time ago says nothing about its health now.
bool connection::use_warm(route::claim& by) {
  if (!rule_->is_warm() || (rule_->proxy.sends != 0 && rule_->out.any())) return false;
  if (!take_warm(by.index())) return false;
  chosen_ = static_cast<std::uint16_t>(by.index());
  by.abandon();
  established(wrapping_->warm->to());
  return true;
}

// On the long way: also where the handshakes had to wait for the client's PROXY header. When they
// fail the connection was a dead one more likely than the remote is, and nothing of the client's
// has gone there: it is dialled anew.
task<std::optional<step_outcome>> connection::reach_warm(std::size_t index) {
  if (!take_warm(index)) co_return std::nullopt;
  step_outcome made;
  made.at = wrapping_->warm->to();
  if (rule_->proxy.sends == 0 || !rule_->out.any()) co_return std::move(made);
  {
    const departure gone(*this);
    made = co_await wrap_remote(made.at);
  }
  if (has_left()) co_return departed();
  if (!made.ec || made.is_cancelled()) co_return std::move(made);
  lane_.shared().log.warm_useless({*rule_, index, nth_}, made.phase, made.text());
  wrapping_->warm.reset();
  co_return std::nullopt;
}

}  // namespace relay::forward
