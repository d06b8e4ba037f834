#pragma once

#include "codecs.hpp"

/// The keys of each table, once: reading, merging, printing and the list of known keys all walk
/// these. A visitor is called as
///     visit(name, &patch::member, &values::member, codec)
/// where the member of the patch is an optional of the member of the values.
namespace relay::config {

/// The name of a key and another name under which it is found in files.
struct key_name {
  std::string_view name;
  std::string_view alias{};
};

/// An endpoint's own keys, given or not.
struct endpoint_patch {
  std::optional<host_port> listen;
  std::optional<host_port> remote;
  std::optional<std::vector<host_port>> extra_remotes;
  std::optional<std::string> balance;
  std::optional<std::optional<host_port>> through;
  std::optional<std::string> interface;
  std::optional<std::string> listen_interface;
  std::optional<std::string> listen_transport;
  std::optional<std::string> remote_transport;
  std::optional<std::uint64_t> max_connections;
  std::optional<std::uint64_t> max_associations;
  network_patch network;
  origin where;  ///< of `listen`, or of the whole when that is missing
  key_origins keys;
};

template <class Visit>
void log_fields(Visit&& visit) {
  using p = log_patch;
  using v = log;
  constexpr word_codec levels{word{"off", log_level::off},     word{"error", log_level::error},
                              word{"warn", log_level::warn},   word{"info", log_level::info},
                              word{"debug", log_level::debug}, word{"trace", log_level::trace}};
  visit(key_name{"level"}, &p::level, &v::level, levels);
  visit(key_name{"output"}, &p::output, &v::output, text_codec{true});
  constexpr word_codec times{word{"local", log_time::local}, word{"utc", log_time::utc},
                             word{"zone", log_time::zone}};
  visit(key_name{"time"}, &p::time, &v::time, times);
}

template <class Visit>
void dns_fields(Visit&& visit) {
  using p = dns_patch;
  using v = dns;
  constexpr word_codec modes{word{"ipv4_only", dns_mode::ipv4_only},
                             word{"ipv6_only", dns_mode::ipv6_only},
                             word{"ipv4_then_ipv6", dns_mode::ipv4_then_ipv6},
                             word{"ipv6_then_ipv4", dns_mode::ipv6_then_ipv4},
                             word{"ipv4_and_ipv6", dns_mode::ipv4_and_ipv6}};
  constexpr word_codec protocols{word{"tcp", dns_protocol::tcp}, word{"udp", dns_protocol::udp},
                                 word{"tcp_and_udp", dns_protocol::tcp_and_udp}};
  visit(key_name{"mode"}, &p::mode, &v::mode, modes);
  visit(key_name{"protocol"}, &p::protocol, &v::protocol, protocols);
  visit(key_name{"nameservers"}, &p::nameservers, &v::nameservers,
        address_list_codec{parse_nameserver});
  visit(key_name{"min_ttl"}, &p::min_ttl, &v::min_ttl, seconds_codec{});
  visit(key_name{"max_ttl"}, &p::max_ttl, &v::max_ttl, seconds_codec{});
  visit(key_name{"cache_size"}, &p::cache_size, &v::cache_size, number_codec<std::size_t>{});
}

template <class Visit>
void process_fields(Visit&& visit) {
  using p = process_patch;
  using v = process;
  visit(key_name{"shutdown_timeout"}, &p::shutdown_timeout, &v::shutdown_timeout, time_codec{});
  visit(key_name{"worker_stall"}, &p::worker_stall, &v::worker_stall, time_codec{});
  visit(key_name{"max_connections"}, &p::max_connections, &v::max_connections,
        number_codec<std::uint64_t>{});
  constexpr word_codec on_off{word{"on", true}, word{"off", false}};
  visit(key_name{"socket_memory"}, &p::socket_memory, &v::socket_memory, size_codec{});
  visit(key_name{"user"}, &p::user, &v::user, text_codec{});
  visit(key_name{"group"}, &p::group, &v::group, text_codec{});
  visit(key_name{"sandbox"}, &p::sandbox, &v::sandbox, on_off);
  visit(key_name{"core_dumps"}, &p::core_dumps, &v::core_dumps, on_off);
  constexpr word_codec bind{word{"strict", false}, word{"partial", true}};
  visit(key_name{"bind"}, &p::binds_partially, &v::binds_partially, bind);
}

template <class Visit>
void network_fields(Visit&& visit) {
  using p = network_patch;
  using v = network;
  constexpr flag_codec flag;
  constexpr time_codec time;
  constexpr number_codec<int> number{0, std::numeric_limits<int>::max()};
  constexpr word_codec headers{word{"off", udp_proxy::off}, word{"first", udp_proxy::first},
                               word{"every", udp_proxy::every}};
  constexpr word_codec strangers{word{"accept", udp_strangers::accept},
                                 word{"drop", udp_strangers::drop}};
  constexpr word_codec on_off{word{"on", true}, word{"off", false}};
  visit(key_name{"no_tcp"}, &p::no_tcp, &v::no_tcp, flag);
  visit(key_name{"use_udp"}, &p::use_udp, &v::use_udp, flag);
  visit(key_name{"ipv6_only"}, &p::ipv6_only, &v::ipv6_only, flag);
  visit(key_name{"tcp_timeout"}, &p::tcp_timeout, &v::tcp_timeout, time);
  visit(key_name{"udp_timeout"}, &p::udp_timeout, &v::udp_timeout, time);
  visit(key_name{"tcp_keepalive"}, &p::tcp_keepalive, &v::tcp_keepalive, seconds_codec{});
  visit(key_name{"tcp_keepalive_probe"}, &p::tcp_keepalive_probe, &v::tcp_keepalive_probe, number);
  visit(key_name{"tcp_user_timeout"}, &p::tcp_user_timeout, &v::tcp_user_timeout, time);
  visit(key_name{"send_mptcp"}, &p::send_mptcp, &v::send_mptcp, flag);
  visit(key_name{"accept_mptcp"}, &p::accept_mptcp, &v::accept_mptcp, flag);
  visit(key_name{"send_proxy"}, &p::send_proxy, &v::send_proxy, flag);
  visit(key_name{"send_proxy_version"}, &p::send_proxy_version, &v::send_proxy_version,
        number_codec<int>{1, 2});
  visit(key_name{"accept_proxy"}, &p::accept_proxy, &v::accept_proxy, flag);
  visit(key_name{"accept_proxy_timeout", "accept_timeout"}, &p::accept_proxy_timeout,
        &v::accept_proxy_timeout, time);
  visit(key_name{"half_close_timeout"}, &p::half_close_timeout, &v::half_close_timeout, time);
  visit(key_name{"idle_timeout"}, &p::idle_timeout, &v::idle_timeout, time);
  visit(key_name{"connect_limit"}, &p::connect_limit, &v::connect_limit, time);
  visit(key_name{"trusted_proxies"}, &p::trusted_proxies, &v::trusted_proxies, cidr_list_codec{});
  visit(key_name{"send_proxy_udp"}, &p::send_proxy_udp, &v::send_proxy_udp, headers);
  visit(key_name{"udp_strangers"}, &p::udp_strangers, &v::udp_strangers, strangers);
  visit(key_name{"camouflage"}, &p::camouflage, &v::camouflage, camouflage_codec{});
  visit(key_name{"handshake_timeout"}, &p::handshake_timeout, &v::handshake_timeout, time);
  visit(key_name{"warm"}, &p::warm, &v::warm, number_codec<std::uint32_t>{0, 65535});
  visit(key_name{"warm_max_age"}, &p::warm_max_age, &v::warm_max_age, time);
  visit(key_name{"byte_rate"}, &p::byte_rate, &v::byte_rate, rate_codec{});
  visit(key_name{"endpoint_byte_rate"}, &p::endpoint_byte_rate, &v::endpoint_byte_rate,
        rate_codec{});
  visit(key_name{"moderation"}, &p::moderation, &v::moderation, on_off);
  visit(key_name{"iphash_prefix"}, &p::iphash_prefix, &v::iphash_prefix, client_prefix_codec{});
}

template <class Visit>
void endpoint_fields(Visit&& visit) {
  using p = endpoint_patch;
  using v = endpoint;
  constexpr text_codec text;
  constexpr number_codec<std::uint64_t> number;
  visit(key_name{"listen", "local"}, &p::listen, &v::listen, address_codec{parse_listen});
  visit(key_name{"remote"}, &p::remote, &v::remote, address_codec{parse_remote});
  visit(key_name{"extra_remotes"}, &p::extra_remotes, &v::extra_remotes,
        address_list_codec{parse_remote});
  visit(key_name{"balance"}, &p::balance, &v::balance, text);
  visit(key_name{"through"}, &p::through, &v::through, through_codec{});
  visit(key_name{"interface"}, &p::interface, &v::interface, text);
  visit(key_name{"listen_interface"}, &p::listen_interface, &v::listen_interface, text);
  visit(key_name{"listen_transport"}, &p::listen_transport, &v::listen_transport, text);
  visit(key_name{"remote_transport"}, &p::remote_transport, &v::remote_transport, text);
  visit(key_name{"max_connections"}, &p::max_connections, &v::max_connections, number);
  visit(key_name{"max_associations"}, &p::max_associations, &v::max_associations,
        number_codec<std::uint64_t>{1});
}

}  // namespace relay::config
