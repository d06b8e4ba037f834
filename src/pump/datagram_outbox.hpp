#pragma once

#include <relay/pump/datagrams.hpp>

#include <netinet/in.h>
#include <netinet/udp.h>

/// The sending half of `datagrams`, and what both halves have in common; inside of `pump` only.
#ifndef UDP_SEGMENT  // Debian's headers have them, others may be older than the kernel
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace relay::pump {

// Room for IPV6_PKTINFO, IP_PKTINFO (of an IPv4 client at `::`) and UDP_GRO.
struct alignas(cmsghdr) control {
  std::array<char, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(in_pktinfo)) +
                       CMSG_SPACE(sizeof(int))>
      bytes;
};

/// Says from which of our addresses the message leaves; of size 0: nothing.
void put_own_address(msghdr& message, control& room, const own_address& from) noexcept;
/// Whether this is what a sandbox says about a call that it refuses; some are lenient about none.
bool is_refusal(int error) noexcept;
/// How many of these, one at least, the kernel took; 0 with errno set. `singly` becomes true when
/// it turns out that sendmmsg is refused.
std::size_t send_messages(int fd, std::span<mmsghdr> what, bool& singly, const refused_call& told);

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

/// What is sent with one system call: messages of one datagram each, or of many of one size that
/// the kernel cuts apart.
struct datagrams::outbox {
  struct content {
    cursor begin;
    std::size_t bytes = 0;  // without heads
    std::size_t segment = 0;
    std::uint32_t datagrams = 0;
  };

  std::array<mmsghdr, batch> messages{};
  std::array<content, batch> contents{};
  std::array<iovec, 2 * batch> pieces{};  // of data, and as many heads
  std::array<control, batch> controls{};
  std::size_t used = 0;             // messages
  std::size_t pieces_used = 0;      // of all messages
  std::span<const std::byte> head;  // in front of each datagram
  std::uint32_t too_long = 0;       // datagrams that were passed over before the first message

  cursor fill(std::span<const datagram_run> runs, cursor at, bool cuts) noexcept;
  void address(const socket_address& to, const own_address& from) noexcept;

 private:
  bool has_room() const noexcept { return pieces_used < (head.empty() ? batch : 2 * batch); }
  void take(std::span<const datagram_run> runs, cursor& at, std::size_t bytes) noexcept;
  bool join(std::span<const datagram_run> runs, cursor& at) noexcept;
};

}  // namespace relay::pump
