#pragma once

#include "support/relay_bench.hpp"

#include <string>

namespace relay::test {

/// The texts of an endpoint's transport: "ws", "tls" or "wss".
inline std::string listen_text(const std::string& kind) {
  const std::string ws = "ws;host=a.example;path=/x";
  const std::string tls = "tls;servername=a.example";
  return kind == "ws" ? ws : kind == "tls" ? tls : ws + ';' + tls;
}
inline std::string dial_text(const std::string& kind) {
  const std::string ws = "ws;host=a.example;path=/x";
  const std::string tls = "tls;sni=a.example;insecure";
  return kind == "ws" ? ws : kind == "tls" ? tls : ws + ';' + tls;
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

}  // namespace relay::test
