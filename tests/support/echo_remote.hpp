#pragma once

#include "support/sockets.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <thread>
#include <vector>

namespace relay::test {

/// Echoes what many clients say at once, in streams and in datagrams, until it is destroyed.
class echo_remote {
 public:
  echo_remote() : listener_(listen_any("127.0.0.1", 1024)), datagrams_(udp_socket()) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    stop_.reset(ends[0]);
    stopped_.reset(ends[1]);
    thread_ = std::thread([this] { serve(); });
  }
  ~echo_remote() {
    stop_.reset();
    thread_.join();
  }

  ip_endpoint streams() const { return address_of(listener_.get()); }
  ip_endpoint datagrams() const { return address_of(datagrams_.get()); }

 private:
  void serve() {
    for (;;) {
      std::vector<pollfd> all{
          {stopped_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}, {datagrams_.get(), POLLIN, 0}};
      for (const auto& each : clients_) all.push_back({each.get(), POLLIN, 0});
      if (::poll(all.data(), all.size(), -1) <= 0) continue;
      if (all[0].revents != 0) return;
      const auto known = clients_.size();
      if (all[1].revents != 0) {
        clients_.emplace_back(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      }
      if (all[2].revents != 0) answer();
      for (std::size_t i = 0; i < known; ++i) {
        if (all[i + 3].revents != 0 && !echo(clients_[i].get())) clients_[i].reset();
      }
      std::erase_if(clients_, [](const unique_fd& each) { return !each; });
    }
  }

  /// False: it has ended.
  bool echo(int fd) {
    const auto n = ::recv(fd, part_.data(), part_.size(), 0);
    return n > 0 && ::send(fd, part_.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) == n;
  }

  void answer() {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    auto* const to = reinterpret_cast<sockaddr*>(&from);
    const auto n =
        ::recvfrom(datagrams_.get(), part_.data(), part_.size(), MSG_DONTWAIT, to, &length);
    if (n < 0) return;
    (void)::sendto(datagrams_.get(), part_.data(), static_cast<std::size_t>(n), 0, to, length);
  }

  unique_fd listener_;
  unique_fd datagrams_;
  unique_fd stop_;
  unique_fd stopped_;
  std::vector<unique_fd> clients_;               // the thread's
  std::string part_ = std::string(65536, '\0');  // likewise
  std::thread thread_;
};

}  // namespace relay::test
