#include "datagram_outbox.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace relay::pump {
namespace {

// The kernel's UDP_MAX_SEGMENTS was 64 for long; and a send that is cut is one IP packet before.
constexpr std::size_t most_segments = 64;
constexpr std::size_t most_together = 65000;

void put(msghdr& message, control& room, int level, int type, const void* value,
         std::size_t size) noexcept {
  auto* const at = room.bytes.data() + message.msg_controllen;
  cmsghdr head{};
  head.cmsg_level = level;
  head.cmsg_type = type;
  head.cmsg_len = CMSG_LEN(size);
  std::memcpy(at, &head, sizeof head);
  std::memcpy(at + CMSG_LEN(0), value, size);
  message.msg_control = room.bytes.data();
  message.msg_controllen += CMSG_SPACE(size);
}

// By sendto() where that can say it all: the kernel then has no structure to fetch and check.
bool send_one(int fd, const msghdr& what) noexcept {
  if (what.msg_controllen != 0 || what.msg_iovlen != 1) return ::sendmsg(fd, &what, 0) >= 0;
  return ::sendto(fd, what.msg_iov->iov_base, what.msg_iov->iov_len, 0,
                  static_cast<const sockaddr*>(what.msg_name), what.msg_namelen) >= 0;
}

// What the kernel says where a way does not allow UDP_SEGMENT: a device that cannot compute the
// checksums, datagrams beyond the path's MTU, a kernel without it.
bool forbids_cutting(int error) noexcept {
  return error == EIO || error == EINVAL || error == EMSGSIZE || error == ENOPROTOOPT ||
         error == EOPNOTSUPP;
}

}  // namespace

void put_own_address(msghdr& message, control& room, const own_address& from) noexcept {
  if (from.size == 4) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, from.bytes.data(), 4);
    put(message, room, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  } else if (from.size == 16) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, from.bytes.data(), 16);
    put(message, room, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  }
}

bool is_refusal(int error) noexcept {
  return error == ENOSYS || error == EPERM || error == EACCES || error == EOPNOTSUPP;
}

std::size_t send_messages(int fd, std::span<mmsghdr> what, bool& singly, const refused_call& told) {
  for (;;) {
    if (what.size() > 1 && !singly) {
      const int got = ::sendmmsg(fd, what.data(), static_cast<unsigned>(what.size()), 0);
      if (got > 0) return static_cast<std::size_t>(got);
      // A firewall that drops this datagram says the same; then it does not leave alone either.
      if (is_refusal(errno) && send_one(fd, what.front().msg_hdr)) {
        singly = true;
        if (told) told("sendmmsg");
        return 1;
      }
    } else if (send_one(fd, what.front().msg_hdr)) {
      return 1;
    }
    if (errno != EINTR) return 0;
  }
}

// Adds so many bytes from the cursor to the message that is being made; with a head they are one
// datagram.
void datagrams::outbox::take(std::span<const datagram_run> runs, cursor& at,
                             std::size_t bytes) noexcept {
  auto& made = contents[used];
  auto& message = messages[used].msg_hdr;
  auto* const data = runs[at.run].bytes.data() + at.offset;
  // sendmsg does not write to it, whatever its type says.
  if (!head.empty()) {
    pieces[pieces_used++] = {const_cast<std::byte*>(head.data()), head.size()};
    ++message.msg_iovlen;
  }
  pieces[pieces_used++] = {const_cast<std::byte*>(data), bytes};
  ++message.msg_iovlen;
  made.bytes += bytes;
  made.datagrams += made.segment == 0
                        ? 1U
                        : static_cast<std::uint32_t>((bytes + made.segment - 1) / made.segment);
  at.advance(runs, bytes);
}

// Lets the datagrams at the cursor leave in the message that is being made, if they may: they are
// of its size, or one that is shorter and so the last.
bool datagrams::outbox::join(std::span<const datagram_run> runs, cursor& at) noexcept {
  const auto& made = contents[used];
  const auto& next = runs[at.run];
  const auto rest = next.bytes.size() - at.offset;
  const bool fits = next.segment == made.segment ||
                    (next.segment < made.segment && next.count() == 1 && rest > 0);
  const auto together = std::min(made.bytes + made.datagrams * head.size(), most_together);
  const auto room = std::min(most_segments - made.datagrams,
                             (most_together - together) / (made.segment + head.size()));
  if (!fits || room == 0 || !has_room() || made.bytes % made.segment != 0) return false;
  take(runs, at, std::min(rest, (head.empty() ? room : 1) * made.segment));
  return true;
}

cursor datagrams::outbox::fill(std::span<const datagram_run> runs, cursor at, bool cuts) noexcept {
  used = 0;
  pieces_used = 0;
  too_long = 0;
  while (at.run < runs.size() && has_room() && used < batch) {
    const auto& first = runs[at.run];
    const auto bytes = std::min(first.segment, first.bytes.size() - at.offset);
    if (!head.empty() && bytes + head.size() > most_bytes) {
      if (used > 0) break;  // those before it may have to be filled in once more
      ++too_long;
      at.advance(runs, bytes);
      continue;
    }
    contents[used] = {at, 0, first.segment, 0};
    auto& message = messages[used].msg_hdr;
    message = {};
    message.msg_iov = &pieces[pieces_used];
    const bool joins = cuts && first.segment > 0 && first.segment + head.size() <= most_together;
    if (!joins) take(runs, at, bytes);
    while (joins && at.run < runs.size() && join(runs, at)) {
    }
    ++used;
  }
  return at;
}

void datagrams::outbox::address(const socket_address& to, const own_address& from) noexcept {
  for (std::size_t i = 0; i < used; ++i) {
    auto& message = messages[i].msg_hdr;
    message.msg_name = const_cast<sockaddr*>(to.data());
    message.msg_namelen = to.length;
    put_own_address(message, controls[i], from);
    if (contents[i].datagrams < 2) continue;
    const auto segment = static_cast<std::uint16_t>(contents[i].segment + head.size());
    put(message, controls[i], IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
  }
}

send_outcome datagrams::send(int fd, const socket_address& to, const own_address& from,
                             std::span<const datagram_run> runs, bool& cuts,
                             std::span<const std::byte> head) {
  send_outcome made;
  out_->head = head;
  for (cursor at; at.run < runs.size();) {
    at = out_->fill(runs, at, cuts);
    if (out_->too_long > 0) {
      made.lost += out_->too_long;
      made.error = {EMSGSIZE, boost::system::system_category()};
    }
    out_->address(to, from);
    bool tried = false;
    for (std::size_t sent = 0; sent < out_->used;) {
      const auto got = send_messages(fd, std::span(out_->messages).subspan(sent, out_->used - sent),
                                     sends_singly_, told_);
      for (std::size_t i = sent; i < sent + got; ++i) {
        made.datagrams += out_->contents[i].datagrams;
        made.bytes += out_->contents[i].bytes;
      }
      sent += got;
      if (got > 0) {
        tried = false;
        continue;
      }
      const auto why = last_system_error();
      // It may be told of an earlier datagram, by an ICMP error: that is told once.
      if (why.value() != EAGAIN && !std::exchange(tried, true)) continue;
      tried = false;
      const auto& failed = out_->contents[sent];
      if (failed.datagrams > 1 && forbids_cutting(why.value())) {
        cuts = false;
        at = failed.begin;  // once more, one by one
        break;
      }
      made.error = why;
      // A queue that is full has no room for those behind it either.
      const auto until = why.value() == EAGAIN ? out_->used : sent + 1;
      for (; sent < until; ++sent) made.lost += out_->contents[sent].datagrams;
    }
  }
  return made;
}

}  // namespace relay::pump
