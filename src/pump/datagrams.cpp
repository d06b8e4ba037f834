#include <relay/base/unique_fd.hpp>
#include <relay/pump/datagrams.hpp>

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#ifndef UDP_SEGMENT  // Debian's headers have them, others may be older than the kernel
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace relay::pump {
namespace {

// Joined datagrams come in pieces of up to 64 KiB.
constexpr std::size_t slot_bytes = 65536;
// The kernel's UDP_MAX_SEGMENTS was 64 for long; and a send that is cut is one IP packet before.
constexpr std::size_t most_segments = 64;
constexpr std::size_t most_together = 65000;

// Room for IPV6_PKTINFO and UDP_GRO.
struct alignas(cmsghdr) control {
  std::array<char, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int))> bytes;
};

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

own_address read_own_address(const cmsghdr& head) noexcept {
  own_address made;
  if (head.cmsg_level == IPPROTO_IP && head.cmsg_type == IP_PKTINFO) {
    in_pktinfo info;
    std::memcpy(&info, CMSG_DATA(&head), sizeof info);
    // Not the address in the datagram's head, which may be a broadcast one.
    std::memcpy(made.bytes.data(), &info.ipi_spec_dst, 4);
    made.size = 4;
  } else if (head.cmsg_level == IPPROTO_IPV6 && head.cmsg_type == IPV6_PKTINFO) {
    in6_pktinfo info;
    std::memcpy(&info, CMSG_DATA(&head), sizeof info);
    std::memcpy(made.bytes.data(), &info.ipi6_addr, 16);
    made.size = 16;
  }
  return made;
}

// Where in the runs the next datagram stands.
struct cursor {
  std::size_t run = 0;
  std::size_t offset = 0;

  void advance(std::span<const datagram_run> runs, std::size_t bytes) noexcept {
    offset += bytes;
    if (offset < runs[run].bytes.size()) return;
    ++run;
    offset = 0;
  }
};

// What the kernel says where a way does not allow UDP_SEGMENT: a device that cannot compute the
// checksums, datagrams beyond the path's MTU, a kernel without it.
bool forbids_cutting(int error) noexcept {
  return error == EIO || error == EINVAL || error == EMSGSIZE || error == ENOPROTOOPT ||
         error == EOPNOTSUPP;
}

}  // namespace

struct datagrams::inbox {
  std::array<mmsghdr, batch> messages{};
  std::array<iovec, batch> pieces{};
  std::array<socket_address, batch> senders{};
  std::array<control, batch> controls{};
  std::array<arrival, batch> arrivals{};
  // Only the pages that datagrams touch become resident.
  std::array<std::array<std::byte, slot_bytes>, batch> slots;
};

/// What is sent with one system call: messages of one datagram each, or of many of one size that
/// the kernel cuts apart.
struct datagrams::outbox {
  struct content {
    cursor begin;
    std::size_t bytes = 0;
    std::size_t segment = 0;
    std::uint32_t datagrams = 0;
  };

  std::array<mmsghdr, batch> messages{};
  std::array<content, batch> contents{};
  std::array<iovec, batch> pieces{};
  std::array<control, batch> controls{};
  std::size_t used = 0;         // messages
  std::size_t pieces_used = 0;  // of all messages

  cursor fill(std::span<const datagram_run> runs, cursor at, bool cuts) noexcept;
  void address(const socket_address& to, const own_address& from) noexcept;

 private:
  void take(std::span<const datagram_run> runs, cursor& at, std::size_t bytes) noexcept;
  bool join(std::span<const datagram_run> runs, cursor& at) noexcept;
};

// Adds so many bytes from the cursor to the message that is being made.
void datagrams::outbox::take(std::span<const datagram_run> runs, cursor& at,
                             std::size_t bytes) noexcept {
  auto& made = contents[used];
  auto& head = messages[used].msg_hdr;
  auto* const data = runs[at.run].bytes.data() + at.offset;
  // sendmsg does not write to it, whatever its type says.
  pieces[pieces_used++] = {const_cast<std::byte*>(data), bytes};
  ++head.msg_iovlen;
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
  const auto room = std::min(most_segments - made.datagrams,
                             (most_together - std::min(made.bytes, most_together)) / made.segment);
  if (!fits || room == 0 || pieces_used == batch || made.bytes % made.segment != 0) return false;
  take(runs, at, std::min(rest, room * made.segment));
  return true;
}

cursor datagrams::outbox::fill(std::span<const datagram_run> runs, cursor at, bool cuts) noexcept {
  used = 0;
  pieces_used = 0;
  while (at.run < runs.size() && pieces_used < batch) {
    const auto& first = runs[at.run];
    contents[used] = {at, 0, first.segment, 0};
    auto& head = messages[used].msg_hdr;
    head = {};
    head.msg_iov = &pieces[pieces_used];
    const bool joins = cuts && first.segment > 0 && first.segment <= most_together;
    if (!joins) take(runs, at, std::min(first.segment, first.bytes.size() - at.offset));
    while (joins && at.run < runs.size() && join(runs, at)) {
    }
    ++used;
  }
  return at;
}

void datagrams::outbox::address(const socket_address& to, const own_address& from) noexcept {
  for (std::size_t i = 0; i < used; ++i) {
    auto& head = messages[i].msg_hdr;
    head.msg_name = const_cast<sockaddr*>(to.data());
    head.msg_namelen = to.length;
    put_own_address(head, controls[i], from);
    if (contents[i].datagrams < 2) continue;
    const auto segment = static_cast<std::uint16_t>(contents[i].segment);
    put(head, controls[i], IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
  }
}

std::string lacking_offload() {
  const unique_fd probe(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int none = 0;
  std::string lacks;
  if (::setsockopt(probe.get(), IPPROTO_UDP, UDP_GRO, &on, sizeof on) != 0) lacks = "UDP_GRO";
  if (::setsockopt(probe.get(), IPPROTO_UDP, UDP_SEGMENT, &none, sizeof none) != 0) {
    lacks += lacks.empty() ? "UDP_SEGMENT" : " and UDP_SEGMENT";
  }
  return lacks;
}

datagrams::datagrams(bool joins) : joins_(joins), in_(new inbox), out_(new outbox) {
  for (std::size_t i = 0; i < batch; ++i) {
    in_->pieces[i] = {in_->slots[i].data(), slot_bytes};
    auto& head = in_->messages[i].msg_hdr;
    head.msg_name = in_->senders[i].data();
    head.msg_iov = &in_->pieces[i];
    head.msg_iovlen = 1;
    head.msg_control = in_->controls[i].bytes.data();
    in_->arrivals[i].from = &in_->senders[i];
  }
}

datagrams::~datagrams() = default;

std::span<const arrival> datagrams::receive(int fd, receiving& how, std::uint32_t turn,
                                            error_code& error) {
  if (how.mode.many() && joins_ && !how.joins) join(fd, how);
  const auto got = receive_messages(fd, how, error);
  std::size_t count = 0;
  for (std::size_t i = 0; i < got; ++i) count += understand(i, how).data.count();
  if (got > 0) how.mode.record(turn, count);
  return std::span(in_->arrivals).first(got);
}

// Sockets whose datagrams come singly never ask for it: it makes each receive dearer.
void datagrams::join(int fd, receiving& how) {
  const int on = 1;
  how.joins = ::setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0;
  joins_ = how.joins;  // a kernel without it is asked once
}

std::size_t datagrams::receive_messages(int fd, const receiving& how, error_code& error) {
  const bool many = how.mode.many();
  const unsigned wanted = many ? batch : 1;
  for (std::size_t i = 0; i < wanted; ++i) {
    auto& head = in_->messages[i].msg_hdr;
    head.msg_namelen = sizeof(sockaddr_in6);
    head.msg_controllen = how.knows_own_address || how.joins ? sizeof(control) : 0;
  }
  for (;;) {
    if (many) {
      const int got = ::recvmmsg(fd, in_->messages.data(), wanted, MSG_DONTWAIT, nullptr);
      if (got >= 0) return static_cast<std::size_t>(got);
    } else {
      const auto got = ::recvmsg(fd, &in_->messages[0].msg_hdr, MSG_DONTWAIT);
      if (got >= 0) {
        in_->messages[0].msg_len = static_cast<unsigned>(got);
        return 1;
      }
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) error = last_system_error();
    return 0;
  }
}

arrival& datagrams::understand(std::size_t index, const receiving& how) {
  auto& made = in_->arrivals[index];
  auto& [head, size] = in_->messages[index];
  made.data = {std::span(in_->slots[index]).first(size), size};
  made.to.size = 0;
  in_->senders[index].length = head.msg_namelen;
  if (!how.knows_own_address && !how.joins) return made;
  for (auto* each = CMSG_FIRSTHDR(&head); each != nullptr; each = CMSG_NXTHDR(&head, each)) {
    if (each->cmsg_level == IPPROTO_UDP && each->cmsg_type == UDP_GRO) {
      int segment = 0;
      std::memcpy(&segment, CMSG_DATA(each), sizeof segment);
      if (segment > 0)
        made.data.segment = std::min<std::size_t>(size, static_cast<unsigned>(segment));
    } else {
      made.to = read_own_address(*each);
    }
  }
  return made;
}

send_outcome datagrams::send(int fd, const socket_address& to, const own_address& from,
                             std::span<const datagram_run> runs, bool& cuts) {
  send_outcome made;
  for (cursor at; at.run < runs.size();) {
    at = out_->fill(runs, at, cuts);
    out_->address(to, from);
    for (std::size_t sent = 0; sent < out_->used;) {
      const auto got = send_messages(fd, sent);
      for (std::size_t i = sent; i < sent + got; ++i) {
        made.datagrams += out_->contents[i].datagrams;
        made.bytes += out_->contents[i].bytes;
      }
      sent += got;
      if (got > 0) continue;
      made.error = last_system_error();
      const auto& failed = out_->contents[sent];
      if (failed.datagrams > 1 && forbids_cutting(made.error.value())) {
        cuts = false;
        made.error = {};
        at = failed.begin;  // once more, one by one
        break;
      }
      // A queue that is full has no room for those behind it either.
      const auto until = made.error.value() == EAGAIN ? out_->used : sent + 1;
      for (; sent < until; ++sent) made.lost += out_->contents[sent].datagrams;
    }
  }
  return made;
}

// How many of the messages from `first` on the kernel took; 0 with errno set.
std::size_t datagrams::send_messages(int fd, std::size_t first) {
  for (;;) {
    const auto left = out_->used - first;
    if (left > 1) {
      const int got = ::sendmmsg(fd, &out_->messages[first], static_cast<unsigned>(left), 0);
      if (got > 0) return static_cast<std::size_t>(got);
    } else if (::sendmsg(fd, &out_->messages[first].msg_hdr, 0) >= 0) {
      return 1;
    }
    if (errno != EINTR) return 0;
  }
}

}  // namespace relay::pump
