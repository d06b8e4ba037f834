#pragma once

#include "support/relay_bench.hpp"

#include <string>

namespace relay::test {

inline const std::string transport_kinds[] = {"ws", "tls", "wss"};

/// The texts of an endpoint's transport, by its kind; of none, by an empty one.
inline std::string listen_text(const std::string& kind) {
  const std::string ws = "ws;host=a.example;path=/x";
  const std::string tls = "tls;servername=a.example";
  return kind.empty() ? kind : kind == "ws" ? ws : kind == "tls" ? tls : ws + ';' + tls;
}
inline std::string dial_text(const std::string& kind) {
  const std::string ws = "ws;host=a.example;path=/x";
  const std::string tls = "tls;sni=a.example;insecure";
  return kind.empty() ? kind : kind == "ws" ? ws : kind == "tls" ? tls : ws + ';' + tls;
}

/// Two relays in this process with a transport between them: client, near, far, remote.
struct transport_chain {
  transport_chain(const std::string& kind, const ip_endpoint& remote, std::size_t workers = 2)
      : far(workers), near(workers) {
    far.add(remote).listen_transport = listen_text(kind);
    near.add(remote).remote_transport = dial_text(kind);
  }
  void start(logs::level level = logs::level::debug) {
    far.start(level);
    near.settings.endpoints[0].remote = literal(*far.running->bound(0));
    near.start(level);
  }
  bool is_quiet() {
    return wait_until(
        [&] { return near.running->connections() + far.running->connections() == 0; });
  }

  relay_bench far;
  relay_bench near;
};

/// A chain before one remote, which is played by the test.
struct remote_chain : transport_chain {
  explicit remote_chain(const std::string& kind, std::size_t workers = 2)
      : remote_chain(kind, workers, listen_any()) {}
  unique_fd accept() { return accept_one(remote.get()); }

  unique_fd remote;

 private:
  remote_chain(const std::string& kind, std::size_t workers, unique_fd at)
      : transport_chain(kind, address_of(at.get()), workers), remote(std::move(at)) {}
};

}  // namespace relay::test
