#include "datagram_outbox.hpp"

#include <relay/base/unique_fd.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace relay::pump {
namespace {

// About so many datagrams, then the connections of the worker have their turn.
constexpr std::size_t turn_budget = 256;

// Which of our addresses answers leave from: the one in the datagram's head, unless that is one of
// many. Of an IPv4 client at a socket of IPv6, which is told both ways, IP_PKTINFO knows that.
void read_own_address(const cmsghdr& head, arrival& made) noexcept {
  if (head.cmsg_level == IPPROTO_IP && head.cmsg_type == IP_PKTINFO) {
    in_pktinfo info;
    std::memcpy(&info, CMSG_DATA(&head), sizeof info);
    const bool is_mapped = made.from->any.sa_family == AF_INET6;
    const auto prefix = is_mapped ? std::size_t{12} : 0;
    if (is_mapped) made.to.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    std::memcpy(made.to.bytes.data() + prefix, &info.ipi_spec_dst, 4);
    made.to.size = static_cast<std::uint8_t>(prefix + 4);
    made.is_to_many =
        info.ipi_spec_dst.s_addr != 0 && info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
  } else if (head.cmsg_level == IPPROTO_IPV6 && head.cmsg_type == IPV6_PKTINFO &&
             made.to.size == 0) {
    in6_pktinfo info;
    std::memcpy(&info, CMSG_DATA(&head), sizeof info);
    made.is_to_many = IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
    if (made.is_to_many) return;  // nothing can leave from there: the kernel chooses
    std::memcpy(made.to.bytes.data(), &info.ipi6_addr, 16);
    made.to.size = 16;
  }
}

// recvfrom() where nothing but data and sender is wanted: it is cheaper.
ssize_t receive_one(int fd, msghdr& into) noexcept {
  if (into.msg_controllen != 0) return ::recvmsg(fd, &into, MSG_DONTWAIT);
  return ::recvfrom(fd, into.msg_iov->iov_base, into.msg_iov->iov_len, MSG_DONTWAIT,
                    static_cast<sockaddr*>(into.msg_name), &into.msg_namelen);
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

bool make_fresh(int fd) noexcept {
  const int off = 0;
  ::setsockopt(fd, IPPROTO_UDP, UDP_GRO, &off, sizeof off);  // first: what waits may be joined
  int waited = 0;
  while (waited < 1000 && ::recv(fd, nullptr, 0, MSG_DONTWAIT | MSG_TRUNC) >= 0) ++waited;
  return waited > 0;
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

datagrams::datagrams(bool joins, refused_call told)
    : joins_(joins), told_(std::move(told)), in_(new inbox), out_(new outbox) {
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
  if (got > 0) {
    how.mode.record(turn, count);
    how.slots = std::clamp<std::size_t>(turn_budget * got / count, 1, batch);
  }
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
  const auto wanted = static_cast<unsigned>(many ? how.slots : 1);
  for (std::size_t i = 0; i < wanted; ++i) {
    auto& head = in_->messages[i].msg_hdr;
    head.msg_namelen = sizeof(sockaddr_in6);
    head.msg_controllen = how.knows_own_address || how.joins ? sizeof(control) : 0;
  }
  for (;;) {
    if (many) {
      const int got = receives_singly_
                          ? receive_singly(fd, wanted)
                          : ::recvmmsg(fd, in_->messages.data(), wanted, MSG_DONTWAIT, nullptr);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (!receives_singly_ && is_refusal(errno)) {
        receives_singly_ = true;
        if (told_) told_("recvmmsg");
        continue;
      }
    } else {
      const auto got = receive_one(fd, in_->messages[0].msg_hdr);
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

// As recvmmsg does it: how many, or -1 with errno where there is none.
int datagrams::receive_singly(int fd, std::size_t wanted) noexcept {
  int count = 0;
  for (; count < static_cast<int>(wanted); ++count) {
    auto& [head, size] = in_->messages[static_cast<std::size_t>(count)];
    const auto got = receive_one(fd, head);
    if (got < 0) break;
    size = static_cast<unsigned>(got);
  }
  return count > 0 ? count : -1;
}

arrival& datagrams::understand(std::size_t index, const receiving& how) {
  auto& made = in_->arrivals[index];
  auto& [head, size] = in_->messages[index];
  made.data = {std::span(in_->slots[index]).first(size), size};
  made.to = {};
  made.is_to_many = false;
  in_->senders[index].length = head.msg_namelen;
  if (!how.knows_own_address && !how.joins) return made;
  for (auto* each = CMSG_FIRSTHDR(&head); each != nullptr; each = CMSG_NXTHDR(&head, each)) {
    if (each->cmsg_level == IPPROTO_UDP && each->cmsg_type == UDP_GRO) {
      int segment = 0;
      std::memcpy(&segment, CMSG_DATA(each), sizeof segment);
      if (segment > 0)
        made.data.segment = std::min<std::size_t>(size, static_cast<unsigned>(segment));
    } else {
      read_own_address(*each, made);
    }
  }
  return made;
}

}  // namespace relay::pump
