#pragma once

#include "support/sockets.hpp"

#include <sys/socket.h>

#include <atomic>
#include <string>
#include <thread>

namespace relay::test {

/// Accepts and echoes until it is destroyed; each connection is served to its end.
class echo_server {
 public:
  echo_server() : listener_(listen_any("127.0.0.1", 1024)) {
    thread_ = std::thread([this] {
      while (!stopping_) {
        unique_fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client) return;
        std::string part(65536, '\0');
        for (;;) {
          const auto n = ::recv(client.get(), part.data(), part.size(), 0);
          if (n <= 0) break;
          if (::send(client.get(), part.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) < 0)
            break;
        }
      }
    });
  }
  ~echo_server() {
    stopping_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  ip_endpoint address() const { return address_of(listener_.get()); }

 private:
  unique_fd listener_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace relay::test
