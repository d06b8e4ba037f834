#include "tables.hpp"

#include <relay/config/words.hpp>

namespace relay::config {
namespace {

constexpr auto header_words = std::to_array<word<udp_proxy>>(
    {{"off", udp_proxy::off}, {"first", udp_proxy::first}, {"every", udp_proxy::every}});
constexpr auto stranger_words = std::to_array<word<udp_strangers>>(
    {{"accept", udp_strangers::accept}, {"drop", udp_strangers::drop}});

constexpr flag_codec flag;
constexpr time_codec time;
constexpr number_codec<int> probes{0, std::numeric_limits<int>::max()};  // clamped later

}  // namespace

const schema<network>& network_keys() {
  using v = network;
  static const schema<network> rows{
      key("no_tcp", &v::no_tcp, flag),
      key("use_udp", &v::use_udp, flag),
      key("ipv6_only", &v::ipv6_only, flag),
      key("tcp_timeout", &v::tcp_timeout, time),
      key("udp_timeout", &v::udp_timeout, time),
      key("tcp_keepalive", &v::tcp_keepalive, seconds_codec{}),
      key("tcp_keepalive_probe", &v::tcp_keepalive_probe, probes),
      key("tcp_user_timeout", &v::tcp_user_timeout, time),
      key("send_mptcp", &v::send_mptcp, flag),
      key("accept_mptcp", &v::accept_mptcp, flag),
      key("send_proxy", &v::send_proxy, flag),
      key("send_proxy_version", &v::send_proxy_version, number_codec<int>{1, 2}),
      key("accept_proxy", &v::accept_proxy, flag),
      key("accept_proxy_timeout", &v::accept_proxy_timeout, time).or_named("accept_timeout"),
      key("half_close_timeout", &v::half_close_timeout, time),
      key("idle_timeout", &v::idle_timeout, time),
      key("connect_limit", &v::connect_limit, time),
      key("trusted_proxies", &v::trusted_proxies, cidr_list_codec{}),
      key("send_proxy_udp", &v::send_proxy_udp, word_codec{header_words}),
      key("udp_strangers", &v::udp_strangers, word_codec{stranger_words}),
      key("camouflage", &v::camouflage, camouflage_codec{}),
      key("handshake_timeout", &v::handshake_timeout, time),
      key("warm", &v::warm, number_codec<std::uint32_t>{0, 65535}),
      key("warm_max_age", &v::warm_max_age, time),
      key("byte_rate", &v::byte_rate, rate_codec{}),
      key("endpoint_byte_rate", &v::endpoint_byte_rate, rate_codec{}),
      key("moderation", &v::moderation, on_off),
      key("iphash_prefix", &v::iphash_prefix, client_prefix_codec{}),
      key("on_change", &v::on_change, word_codec{on_change_words}),
      key("on_remove", &v::on_remove, word_codec{on_remove_words}),
  };
  return rows;
}

}  // namespace relay::config
