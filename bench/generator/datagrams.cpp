#include "datagrams.hpp"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace relay::bench {

datagram_sender::datagram_sender(std::size_t size, bool gso)
    : size_(size), segments_(gso ? std::clamp<std::size_t>(60000 / size, 1, 40) : 0) {
  bytes_.resize(size * std::max<std::size_t>(segments_, 1), 'x');
  piece_ = {bytes_.data(), bytes_.size()};
  for (auto& message : batch_) {
    message.msg_hdr.msg_iov = &piece_;
    message.msg_hdr.msg_iovlen = 1;
  }
}

std::uint64_t datagram_sender::send(int fd) {
  if (segments_ > 0) return send_segmented(fd);
  const int sent = ::sendmmsg(fd, batch_.data(), datagram_batch, 0);
  return sent > 0 ? static_cast<std::uint64_t>(sent) : 0;
}

std::uint64_t datagram_sender::send_segmented(int fd) {
  std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> control{};
  msghdr message = batch_[0].msg_hdr;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = IPPROTO_UDP;
  head->cmsg_type = UDP_SEGMENT;
  head->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  const auto size = static_cast<std::uint16_t>(size_);
  std::memcpy(CMSG_DATA(head), &size, sizeof size);
  return ::sendmsg(fd, &message, 0) > 0 ? segments_ : 0;
}

datagram_receiver::datagram_receiver(bool discard)
    : flags_(MSG_DONTWAIT | (discard ? MSG_TRUNC : 0)), bytes_(datagram_batch * room) {
  for (std::size_t i = 0; i < datagram_batch; ++i) {
    pieces_[i] = {&bytes_[i * room], discard ? 0 : room};
    batch_[i].msg_hdr.msg_iov = &pieces_[i];
    batch_[i].msg_hdr.msg_iovlen = 1;
    batch_[i].msg_hdr.msg_name = &from_[i];
  }
}

std::size_t datagram_receiver::receive(int fd) {
  for (auto& message : batch_) message.msg_hdr.msg_namelen = sizeof(sockaddr_in);
  const int got = ::recvmmsg(fd, batch_.data(), datagram_batch, flags_, nullptr);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

void join_segments(int fd) {
  const int on = 1;
  if (::setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) != 0) {
    throw std::system_error(errno, std::system_category(), "UDP_GRO");
  }
}

}  // namespace relay::bench
