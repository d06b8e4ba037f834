#pragma once

#include "sockets.hpp"

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <vector>

namespace relay::bench {

inline constexpr std::size_t datagram_batch = 32;
inline constexpr int datagram_buffer = 16 << 20;

/// Sends many equal datagrams with one call.
class datagram_sender {
 public:
  datagram_sender(std::size_t size, bool gso);
  /// How many datagrams left; 0 when the socket is full.
  std::uint64_t send(int fd);

 private:
  std::uint64_t send_segmented(int fd);

  std::size_t size_;
  std::size_t segments_;  // 0: no GSO
  std::vector<char> bytes_;
  iovec piece_{};
  std::array<mmsghdr, datagram_batch> batch_{};
};

/// Receives many datagrams with one call, into buffers that it keeps.
class datagram_receiver {
 public:
  explicit datagram_receiver(bool discard);
  /// How many came; message(i) tells about each.
  std::size_t receive(int fd);
  const mmsghdr& message(std::size_t i) const noexcept { return batch_[i]; }
  const void* data(std::size_t i) const noexcept { return &bytes_[i * room]; }

 private:
  static constexpr std::size_t room = 2048;

  int flags_;
  std::vector<char> bytes_;
  std::array<iovec, datagram_batch> pieces_{};
  std::array<sockaddr_in, datagram_batch> from_{};
  std::array<mmsghdr, datagram_batch> batch_{};
};

/// Has the kernel hand out runs of equal datagrams in one piece, so that the sink is cheap.
void join_segments(int fd);

}  // namespace relay::bench
