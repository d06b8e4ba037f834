#pragma once

#include <relay/config/config.hpp>

#include <optional>
#include <string>
#include <vector>

/// The tri-state forms of the settings: a key is given or it is not. Merging is per key, never per
/// table: command line over endpoint over global over default (spec 1.5). `keys` says where a key
/// was given; a key that is not in there was given on the command line.
namespace relay::config {

struct log_patch {
  std::optional<log_level> level;
  std::optional<std::string> output;
  std::optional<log_time> time;
  key_origins keys{};
};

struct dns_patch {
  std::optional<dns_mode> mode;
  std::optional<dns_protocol> protocol;
  std::optional<std::vector<host_port>> nameservers;
  std::optional<std::chrono::seconds> min_ttl;
  std::optional<std::chrono::seconds> max_ttl;
  std::optional<std::size_t> cache_size;
  key_origins keys{};
};

/// One optional for each field of `network`, same names.
struct network_patch {
  std::optional<bool> no_tcp;
  std::optional<bool> use_udp;
  std::optional<bool> ipv6_only;
  std::optional<milliseconds> tcp_timeout;
  std::optional<milliseconds> udp_timeout;
  std::optional<std::chrono::seconds> tcp_keepalive;
  std::optional<int> tcp_keepalive_probe;
  std::optional<milliseconds> tcp_user_timeout;
  std::optional<bool> send_mptcp;
  std::optional<bool> accept_mptcp;
  std::optional<bool> send_proxy;
  std::optional<int> send_proxy_version;
  std::optional<bool> accept_proxy;
  std::optional<milliseconds> accept_proxy_timeout;
  std::optional<milliseconds> half_close_timeout;
  std::optional<milliseconds> idle_timeout;
  std::optional<milliseconds> connect_limit;
  std::optional<std::vector<std::string>> trusted_proxies;
  std::optional<udp_proxy> send_proxy_udp;
  std::optional<config::udp_strangers> udp_strangers;
  std::optional<camouflage_choice> camouflage;
  std::optional<milliseconds> handshake_timeout;
  std::optional<std::uint32_t> warm;
  std::optional<milliseconds> warm_max_age;
  std::optional<std::uint64_t> byte_rate;
  std::optional<std::uint64_t> endpoint_byte_rate;
  std::optional<bool> moderation;
  std::optional<client_prefix> iphash_prefix;
  key_origins keys{};
};

struct process_patch {
  std::optional<milliseconds> shutdown_timeout;
  std::optional<milliseconds> worker_stall;
  std::optional<std::uint64_t> max_connections;
  std::optional<std::uint64_t> socket_memory;
  std::optional<std::string> user;
  std::optional<std::string> group;
  std::optional<bool> sandbox;
  std::optional<bool> core_dumps;
  std::optional<bool> binds_partially;
  key_origins keys{};
};

/// A value of the command line that makes no sense and must not be passed over.
struct refused_value {
  origin where;
  std::string message;
  std::string hint;
};

/// What the command line forces on every configuration.
struct overrides {
  log_patch log;
  dns_patch dns;
  network_patch network;
  dialect rules = dialect::relay;
  std::vector<refused_value> refused;  ///< told with the other problems of the configuration
};

/// One `-l … -r …` pair with the endpoint options that go with it, unparsed.
struct command_line_endpoint {
  std::string listen;
  std::string remote;
  std::optional<std::string> through;
  std::optional<std::string> interface;
  std::optional<std::string> listen_interface;
  std::optional<std::string> listen_transport;
  std::optional<std::string> remote_transport;
};

}  // namespace relay::config
