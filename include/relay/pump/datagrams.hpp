#pragma once

#include <relay/base/error.hpp>
#include <relay/base/ip.hpp>
#include <relay/pump/batching.hpp>

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

/// Receiving and sending datagrams, one or many with one system call, on buffers that a worker's
/// sockets share. Where the kernel can, datagrams of one size travel together: UDP_GRO joins them
/// on the way in, UDP_SEGMENT cuts them on the way out (Linux 4.18 and 5.0; otherwise one by one).
namespace relay::pump {

/// One of our own addresses as it stands in a control message.
struct own_address {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t size = 0;  ///< 4, 16, or 0: the socket has but one

  friend bool operator==(const own_address&, const own_address&) = default;
};

/// Datagrams in one piece: each is `segment` bytes long but the last, which may be shorter. A
/// single one, which may be empty, has `segment` equal to its size.
struct datagram_run {
  std::span<const std::byte> bytes;
  std::size_t segment = 0;

  std::size_t count() const noexcept {
    return segment == 0 ? 1 : (bytes.size() + segment - 1) / segment;
  }
};

struct arrival {
  datagram_run data;
  const socket_address* from = nullptr;
  own_address to;
  bool is_to_many = false;  ///< broadcast or multicast: every socket at the port has a copy
};

/// How a socket is read; belongs to the socket.
struct receiving {
  bool knows_own_address = false;  ///< it was opened with IP_PKTINFO
  bool joins = false;              ///< UDP_GRO is on
  std::size_t slots = 1;           ///< messages to ask for when many are taken at once
  batching mode;

  /// Whether what is received next is one datagram, and nothing else is asked for.
  bool takes_one() const noexcept { return !mode.many() && !joins && !knows_own_address; }
};

/// What became of what was to be sent. Datagrams that the kernel does not take are lost, as they
/// would be on any wire; `error` is why the last of them was.
struct send_outcome {
  std::uint32_t datagrams = 0;
  std::uint32_t lost = 0;
  std::uint64_t bytes = 0;
  error_code error;
};

/// Told, with its name, that a system call which saves work is refused: datagrams go one by one.
using refused_call = std::function<void(const char*)>;

/// Which of UDP_GRO and UDP_SEGMENT this kernel lacks; empty when it has both.
std::string lacking_offload();

/// Makes a socket that was used as a new one is: without UDP_GRO, and nothing waits at it. Whether
/// something did.
bool make_fresh(int fd) noexcept;

/// A worker's buffers for datagrams. What `receive` returns is valid until it is called again.
class datagrams {
 public:
  static constexpr std::size_t batch = 32;
  /// The largest UDP payload over IPv4; IPv6 could carry 20 bytes more.
  static constexpr std::size_t most_bytes = 65507;

  /// Joined datagrams come in pieces of up to 64 KiB.
  static constexpr std::size_t slot_bytes = 65536;

  /// `joins`: whether UDP_GRO is tried.
  explicit datagrams(bool joins = true, refused_call told = {});
  ~datagrams();

  /// What waits at the socket: one message, or up to `batch` when they come in runs. Empty when
  /// there is nothing, or with `error` when the socket has one (it is taken from it).
  std::span<const arrival> receive(int fd, receiving& how, std::uint32_t turn, error_code& error);

  /// Room to sort what was received, for whoever does: it would cost to make it for each turn.
  std::span<datagram_run> runs() noexcept { return runs_; }

  /// Sends to one place, in order. `from` of size 0: the socket's address. `cuts`: whether
  /// UDP_SEGMENT may be used; becomes false when it turns out that it may not on this way. `head`
  /// goes in front of each datagram and is counted nowhere; what becomes longer than `most_bytes`
  /// by it is lost.
  send_outcome send(int fd, const socket_address& to, const own_address& from,
                    std::span<const datagram_run> runs, bool& cuts,
                    std::span<const std::byte> head = {});

 private:
  struct inbox;
  struct outbox;

  void join(int fd, receiving& how);

  std::size_t receive_messages(int fd, const receiving& how, error_code& error);
  int receive_singly(int fd, std::size_t wanted) noexcept;
  arrival& understand(std::size_t index, const receiving& how);

  bool joins_;
  bool receives_singly_ = false;  // recvmmsg, sendmmsg are refused
  bool sends_singly_ = false;
  refused_call told_;
  std::array<datagram_run, batch> runs_;
  std::unique_ptr<inbox> in_;
  std::unique_ptr<outbox> out_;
};

}  // namespace relay::pump
