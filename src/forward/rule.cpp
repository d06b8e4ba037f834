#include <relay/forward/rule.hpp>

namespace relay::forward {

rule::rule(const config::endpoint& from)
    : remote_name(from.remote.to_string()),
      remote_host(from.remote.host),
      remote_address(from.remote.address),
      remote_port(from.remote.ports.first),
      tcp_timeout(from.network.tcp_timeout),
      connect_limit(from.network.connect_limit),
      half_close_timeout(from.network.half_close_timeout) {
  const net::keepalive alive{from.network.tcp_keepalive, from.network.tcp_keepalive_probe};
  listen.ipv6_only = from.network.ipv6_only;
  listen.interface = from.listen_interface;
  listen.alive = alive;
  dial.interface = from.interface;
  dial.alive = alive;
}

}  // namespace relay::forward
