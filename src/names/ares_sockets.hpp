#pragma once

#include <relay/names/server_trouble.hpp>

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>

struct ares_channeldata;

namespace relay::names {

/// Makes a channel's system calls, to see which name server leaves questions unanswered: c-ares
/// 1.18 tells only what a lookup over all servers has come to. Belongs to the channel, and is on
/// its worker.
class ares_sockets {
 public:
  using on_report = std::function<void(const server_report&)>;

  /// `limit`: how long a server may take. `told` is called while c-ares is on the stack.
  ares_sockets(std::chrono::milliseconds limit, on_report told)
      : limit_(limit), told_(std::move(told)) {}
  ares_sockets(const ares_sockets&) = delete;
  ares_sockets& operator=(const ares_sockets&) = delete;

  /// From now on `channel` uses these calls. Lives longer than the channel.
  void serve(ares_channeldata* channel);

  /// Time has passed: looks for servers that have not answered within the limit.
  void look() { look_for(limit_); }
  /// c-ares has waited long enough for a question. Newer versions wait for less than the limit,
  /// by what they have seen of the server, but not for less than `shortest_wait`.
  void given_up() { look_for(shortest_wait); }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds shortest_wait{200};

  // In c-ares' form, which leaves errno to its caller. No exception may pass c-ares, which would
  // be left half-way.
  static int open(int family, int type, int protocol, void* self);
  static int close(int fd, void* self);
  static int connect(int fd, const sockaddr* to, socklen_t length, void* self);
  static ssize_t receive(int fd, void* into, std::size_t size, int flags, sockaddr* from,
                         socklen_t* length, void* self);
  static ssize_t send(int fd, const iovec* parts, int count, void* self);

  void look_for(std::chrono::milliseconds limit);
  void asked(const ip_endpoint& server) { asked_.try_emplace(server, clock::now()); }
  void received(int fd, std::span<const std::byte> bytes);
  void failed(int fd, int error);
  void tell(const ip_endpoint& server, server_report::kind what, error_code ec = {}) noexcept;

  std::chrono::milliseconds limit_;
  on_report told_;
  std::unordered_map<int, ip_endpoint> servers_;    // by socket
  std::map<ip_endpoint, clock::time_point> asked_;  // and not heard since
};

}  // namespace relay::names
