#include <relay/transport/websocket_pinger.hpp>

#include <algorithm>
#include <utility>

namespace relay::transport {

using net::timer_wheel;

websocket_pinger::websocket_pinger(net::poller& poller, timer_wheel& wheel,
                                   std::chrono::milliseconds every)
    : poller_(poller),
      wheel_(wheel),
      every_(std::max<std::chrono::milliseconds>(every, wheel.tick)) {
  wheel_.arm(*this, every_);
  last_sent_ = wheel_.note();  // means something only while the wheel turns
}

// As with sessions, traffic only notes the moment, and the timer looks how long ago that was.
void websocket_pinger::expired() {
  const auto silent = wheel_.since(last_sent_);
  due_ = silent >= every_;
  wheel_.arm(*this, due_ ? every_ : every_ - silent);
  if (due_ && whom_ != nullptr) poller_.schedule(*whom_);
}

websocket_pinger::verdict websocket_pinger::ask() {
  if (!std::exchange(due_, false)) return verdict::nothing;
  if (answers_ && unanswered_ >= most_unanswered) return verdict::dead;
  if (unanswered_ < most_unanswered) ++unanswered_;
  sent();
  return verdict::ping;
}

}  // namespace relay::transport
