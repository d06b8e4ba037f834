#pragma once

#include "support/dns_messages.hpp"

#include <relay/base/unique_fd.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace relay::test {

/// A name server that says what its script says, over UDP and TCP on one port of the loopback
/// interface, on a thread of its own. Remembers every question.
class name_server {
 public:
  /// The messages to be sent for a question; none: silence. Called on the server's thread.
  using script = std::function<std::vector<bytes>(const dns_query&)>;

  explicit name_server(script answers, const char* address = "127.0.0.1");
  ~name_server();

  ip_endpoint endpoint() const { return endpoint_; }
  /// From now on questions are kept (and counted), not answered, until `release`.
  void hold();
  void release();
  int asked() const;
  int asked(std::string_view name, std::uint16_t type) const;
  int asked_over_tcp() const;
  /// False when so many questions did not come within the limit.
  bool wait_for(int questions, std::chrono::seconds limit = std::chrono::seconds(5)) const;

  /// False on machines without IPv6.
  static bool has_ipv6();

 private:
  struct pending {
    dns_query query;
    int tcp = -1;
    ip_endpoint from;
  };

  void serve();
  void read_udp();
  void read_tcp(int fd);
  void handle(std::span<const std::uint8_t> message, pending from);
  void answer(const pending& to);

  script script_;
  ip_endpoint endpoint_;
  unique_fd udp_, tcp_, wake_;
  std::vector<unique_fd> clients_;  // the thread's

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<dns_query> seen_;
  std::vector<pending> held_;
  bool holding_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace relay::test
