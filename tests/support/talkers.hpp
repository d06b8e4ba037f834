#pragma once

#include "support/relay_bench.hpp"
#include "support/sockets.hpp"

#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace relay::test {

/// Remotes that say their number and close, each on a thread of its own. A stopped one refuses.
class talkers {
 public:
  explicit talkers(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      each_.push_back(std::make_unique<talker>());
      each_[i]->at.address = *ip_address::parse("127.0.0.1");
      resume(i);
    }
  }
  ~talkers() {
    for (std::size_t i = 0; i < each_.size(); ++i) stop(i);
  }

  ip_endpoint address(std::size_t index) const { return each_[index]->at; }
  /// An endpoint with all of them.
  config::endpoint& give_to(relay_bench& b, std::string balance) {
    auto& made = b.add(address(0));
    for (std::size_t i = 1; i < each_.size(); ++i)
      made.extra_remotes.push_back(literal(address(i)));
    made.balance = std::move(balance);
    return made;
  }
  /// What so many clients hear, one after the other; `-` is nothing.
  static std::string heard(relay_bench& b, int clients) {
    std::string all;
    for (int i = 0; i < clients; ++i) {
      bool reset = false;
      const auto said = read_to_end(b.connect().get(), &reset);
      all += said.empty() ? "-" : said;
    }
    return all;
  }
  std::vector<int> counts() const {
    std::vector<int> made;
    for (const auto& each : each_) made.push_back(each->served);
    return made;
  }
  void stop(std::size_t index) {
    auto& which = *each_[index];
    if (!which.thread.joinable()) return;
    ::shutdown(which.listener.get(), SHUT_RDWR);  // wakes it
    which.thread.join();
    which.listener.reset();
  }
  /// At the same port as before, which connections that have just ended still use.
  void resume(std::size_t index) {
    auto& which = *each_[index];
    which.listener = unique_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(which.listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const socket_address at(which.at);
    if (::bind(which.listener.get(), at.data(), at.length) != 0 ||
        ::listen(which.listener.get(), 1024) != 0) {
      throw std::runtime_error("cannot listen again");
    }
    which.at = address_of(which.listener.get());
    which.thread = std::thread([&which, name = std::to_string(index)] {
      for (;;) {
        const unique_fd client(::accept4(which.listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client) return;
        ++which.served;
        send_all(client.get(), name);
      }
    });
  }

 private:
  struct talker {
    unique_fd listener;
    ip_endpoint at;
    std::atomic<int> served{0};
    std::thread thread;
  };

  std::vector<std::unique_ptr<talker>> each_;
};

}  // namespace relay::test
