#pragma once

#include "support/scratch_directory.hpp"
#include "support/sockets.hpp"

#include <relay/base/log.hpp>
#include <relay/forward/server.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <fstream>
#include <sstream>
#include <string>

namespace relay::test {

inline host_port literal(const ip_endpoint& at) {
  return {at.address.to_string(), at.address, {at.port, at.port}};
}
inline host_port named(std::string host, std::uint16_t port) {
  return {std::move(host), std::nullopt, {port, port}};
}

/// A relay in this process: fill in `settings`, then `start`.
class relay_bench {
 public:
  explicit relay_bench(std::size_t workers = 2) { options.workers = workers; }
  ~relay_bench() {
    if (running) running->stop();
  }

  /// An endpoint at 127.0.0.1 with a port of the kernel's choice.
  config::endpoint& add(const host_port& remote, const char* listen = "127.0.0.1") {
    config::endpoint made;
    made.listen = literal({*ip_address::parse(listen), 0});
    made.remote = remote;
    return settings.endpoints.emplace_back(made);
  }
  config::endpoint& add(const ip_endpoint& remote) { return add(literal(remote)); }

  void start(logs::level level = logs::level::debug) {
    log.emplace(level, folder.path() + "/relay.log");
    running.emplace(settings, *log, std::move(options));
    failures = running->bind();
    if (running->bound_count() > 0) running->start();
  }
  unique_fd connect(std::size_t endpoint = 0) { return connect_to(*running->bound(endpoint)); }

  std::string log_text() const {
    if (log) log->flush();
    std::ostringstream text;
    text << std::ifstream(folder.path() + "/relay.log").rdbuf();
    return text.str();
  }
  std::uint64_t ended(forward::end_reason why, std::size_t endpoint = 0) const {
    return running->count(endpoint).ended[static_cast<std::size_t>(why)];
  }

  bool has_ended(forward::end_reason why, std::uint64_t times = 1) const {
    return wait_until([&] { return ended(why) == times; });
  }

  scratch_directory folder;
  config::settings settings;
  forward::server_options options;
  std::vector<forward::bind_failure> failures;
  std::optional<logs> log;
  std::optional<forward::server> running;
};

/// A relay before one remote, which is played by the test.
struct remote_bench : relay_bench {
  explicit remote_bench(const char* host = "127.0.0.1", std::size_t workers = 2)
      : relay_bench(workers), remote(listen_any(host)) {
    add(literal(address_of(remote.get())), host);
  }

  config::network& network() { return settings.endpoints[0].network; }
  unique_fd accept() { return accept_one(remote.get()); }
  /// At the remote, up to now.
  bool nobody_knocks() {
    set_non_blocking(remote.get());
    const unique_fd knocked(::accept(remote.get(), nullptr, nullptr));
    return !knocked;
  }

  unique_fd remote;
};

}  // namespace relay::test
