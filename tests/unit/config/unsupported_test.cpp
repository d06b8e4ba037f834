#include "unit/config/loading.hpp"

#include <relay/config/keys.hpp>

#include <algorithm>
#include <set>

namespace relay::config {
namespace {

using test::brief;
using test::load;
using test::with_endpoint;

TEST(Unsupported, IsEmptyForWhatWorks) {
  for (const auto* lines : {"",
                            "network.no_tcp = true",
                            "network.use_udp = true",
                            "balance = \"off: 1, 2\"",
                            "balance = \" off:\"",
                            "extra_remotes = []",
                            "extra_remotes = [\"c:1\"]\nbalance = \"iphash: 1, 1\"",
                            "max_connections = 1",
                            "[process]\nmax_connections = 1",
                            "network.idle_timeout = 1",
                            "network.moderation = \"off\"",
                            "network.moderation = \"on\"",
                            "listen_transport = \"\"",
                            "network.idle_timeout = 0",
                            "network.half_close_timeout = 0",
                            "network.connect_limit = 1",
                            "network.send_proxy = true\nnetwork.send_proxy_version = 1",
                            "network.accept_proxy = true\nnetwork.accept_proxy_timeout = 1",
                            "network.trusted_proxies = [\"10.0.0.0/8\"]",
                            "network.send_proxy_udp = \"first\"",
                            "network.handshake_timeout = 1",
                            "network.warm = 1\nnetwork.warm_max_age = 1",
                            "network.send_mptcp = true",
                            "network.accept_mptcp = true",
                            "listen_transport = \"ws;host=a;path=/\"",
                            "remote_transport = \"tls;sni=a\"",
                            "network.camouflage = \"close\"",
                            "network.byte_rate = 1",
                            "network.endpoint_byte_rate = 1",
                            "max_associations = 1",
                            "through = \"127.0.0.1\"",
                            "interface = \"eth0\"\nlisten_interface = \"eth1\""}) {
    EXPECT_EQ(brief(unsupported(load(with_endpoint(lines)).value)), "") << lines;
  }
}

}  // namespace
}  // namespace relay::config
