#include <relay/forward/rule.hpp>

namespace relay::forward {

remote::remote(const host_port& from)
    : name(from.to_string()), host(from.host), address(from.address), ports(from.ports) {}

rule::rule(const config::endpoint& from)
    : tcp_timeout(from.network.tcp_timeout),
      connect_limit(from.network.connect_limit),
      half_close_timeout(from.network.half_close_timeout) {
  remotes.emplace_back(from.remote);
  for (const auto& extra : from.extra_remotes) remotes.emplace_back(extra);
  const net::keepalive alive{from.network.tcp_keepalive, from.network.tcp_keepalive_probe};
  listen.ipv6_only = from.network.ipv6_only;
  listen.interface = from.listen_interface;
  listen.alive = alive;
  dial.interface = from.interface;
  dial.alive = alive;
}

}  // namespace relay::forward
