#include "datagram_outbox.hpp"

#include <relay/pump/replies.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace relay::pump {
namespace {

void address(mmsghdr& made, iovec& piece, control& room, const replies::reply& what) noexcept {
  // sendmmsg does not write to either, whatever their types say.
  piece = {const_cast<std::byte*>(what.data.data()), what.data.size()};
  auto& message = made.msg_hdr;
  message = {};
  message.msg_name = const_cast<sockaddr*>(what.to->data());
  message.msg_namelen = what.to->length;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  put_own_address(message, room, what.from);
}

}  // namespace

struct replies::outgoing {
  std::array<mmsghdr, batch> messages{};
  std::array<iovec, batch> pieces{};
  std::array<control, batch> controls{};
};

replies::replies(net::poller& on, refused_call told)
    : poller_(on), told_(std::move(told)), room_(new room), out_(new outgoing) {}

replies::~replies() = default;

std::optional<std::span<const std::byte>> replies::receive(int fd, error_code& error,
                                                           socket_address* from) {
  const auto into = std::span(*room_).subspan(used_);
  for (;;) {
    const auto got = ::recvfrom(fd, into.data(), into.size(), MSG_DONTWAIT,
                                from == nullptr ? nullptr : from->data(),
                                from == nullptr ? nullptr : &from->length);
    if (got >= 0) return into.first(static_cast<std::size_t>(got));
    if (errno == EINTR) continue;
    if (errno != EAGAIN) error = last_system_error();
    return std::nullopt;
  }
}

void replies::add(const reply& next) {
  gathered_[count_++] = next;
  used_ += next.data.size();
  if (count_ == batch || used_ > gathered_bytes) return flush();
  if (count_ == 1) poller_.schedule_behind_datagrams(*this);
}

void replies::flush() {
  const auto all = std::span(gathered_).first(count_);
  count_ = 0;
  used_ = 0;
  unschedule();
  // Those of one socket together, in order. Most often there is but one, and nothing to sort.
  if (!std::ranges::is_sorted(all, {}, &reply::fd)) std::ranges::stable_sort(all, {}, &reply::fd);
  for (auto rest = all; !rest.empty();) {
    const auto other = std::ranges::find_if(
        rest, [fd = rest.front().fd](const reply& one) { return one.fd != fd; });
    const auto count = static_cast<std::size_t>(other - rest.begin());
    send(rest.first(count));
    rest = rest.subspan(count);
  }
}

void replies::send(std::span<const reply> all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    address(out_->messages[i], out_->pieces[i], out_->controls[i], all[i]);
  }
  for (std::size_t sent = 0; sent < all.size();) {
    const auto left = std::span(out_->messages).subspan(sent, all.size() - sent);
    const auto got = send_messages(all.front().fd, left, sends_singly_, told_);
    for (const auto end = sent + got; sent < end; ++sent) tell(all[sent], {});
    if (got > 0) continue;
    const auto why = last_system_error();
    // A queue that is full has no room for those behind it either.
    const auto until = why.value() == EAGAIN ? all.size() : sent + 1;
    for (; sent < until; ++sent) tell(all[sent], why);
  }
}

void replies::tell(const reply& of, const error_code& ec) {
  send_outcome how{1, 0, of.data.size(), {}};
  if (ec) how = {0, 1, 0, ec};
  of.by->replied(how);
}

}  // namespace relay::pump
