#include "checked_stream.hpp"

#include "transfer.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

namespace relay::bench {

checked_stream::state checked_stream::run() {
  if (!ended_ && !take()) return state::broken;
  if (may_send() && !give()) return state::broken;
  if (!ended_ || !shut_) return state::going;
  return in_.left() == 0 ? state::intact : state::broken;
}

std::uint32_t checked_stream::wanted() const noexcept {
  std::uint32_t events = 0;
  if (!ended_) events |= EPOLLIN;
  if (may_send()) events |= EPOLLOUT;
  return events;
}

bool checked_stream::may_send() const noexcept {
  if (shut_) return false;
  if (out_.left() > 0) return how_ != manner::answers_an_end || ended_;
  return how_ != manner::ends_when_both_are_done || in_.left() == 0;  // only the end is left
}

bool checked_stream::take() {
  const auto got = receive_some(fd_, shared_block());
  if (got.what == moved::failed) return false;
  ended_ = got.what == moved::end;
  return in_.matches(shared_block().first(got.bytes));
}

bool checked_stream::give() {
  if (out_.left() > 0) {
    const auto out = send_some(fd_, out_.next());
    if (out.what == moved::failed) return false;
    out_.advance(out.bytes);
  }
  if (out_.left() > 0 || !may_send()) return true;
  shut_ = true;
  return ::shutdown(fd_, SHUT_WR) == 0;
}

}  // namespace relay::bench
