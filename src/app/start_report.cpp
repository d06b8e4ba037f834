#include "start_report.hpp"

#include <relay/base/units.hpp>
#include <relay/config/label.hpp>
#include <relay/config/words.hpp>

#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace relay::app {
namespace {

/// The reference spells this one in its own way.
std::string_view word(config::dns_protocol protocol) {
  static constexpr std::string_view words[]{"tcp", "udp", "tcp+udp"};
  return words[static_cast<std::size_t>(protocol)];
}

/// Whole seconds as the reference has them; ours may be finer.
std::string seconds(std::chrono::milliseconds time) {
  if (time.count() % 1000 == 0) return fmt::format("{}s", time.count() / 1000);
  return fmt::format("{}ms", time.count());
}

std::string joined(const std::vector<host_port>& servers) {
  if (servers.empty()) return "system";
  std::string all;
  for (const auto& server : servers) all += (all.empty() ? "" : ", ") + server.to_string();
  return all;
}

/// The layers outermost first. The order is fixed, whatever the order in the string.
template <class Transport>
std::string layers(const Transport& of) {
  std::string all;
  if (of.ws) all += "[ws]";
  if (of.tls) all += "[tls]";
  return all + "[plain]";
}

std::string remotes(const config::endpoint& of) {
  auto all = of.remote.to_string();
  for (const auto& extra : of.extra_remotes) all += '|' + extra.to_string();
  return all;
}

std::string options_of(const config::endpoint& of) {
  const auto& net = of.network;
  std::string all;
  if (!of.listen_interface.empty()) all += fmt::format("listen-iface={}, ", of.listen_interface);
  all += fmt::format("ipv6-only={}, accept-mptcp={}; ", net.ipv6_only, net.accept_mptcp);
  if (!of.interface.empty()) all += fmt::format("send-iface={}, ", of.interface);
  if (of.through) all += fmt::format("send-through={}, ", of.through->to_string());
  all += fmt::format("send-mptcp={}; ", net.send_mptcp);
  all +=
      fmt::format("send-proxy={}, send-proxy-version={}, ", net.send_proxy, net.send_proxy_version);
  all += fmt::format("accept-proxy={}, accept-proxy-timeout={}; ", net.accept_proxy,
                     seconds(net.accept_proxy_timeout));
  all += fmt::format("tcp-keepalive={}[{}] connect-timeout={}, associate-timeout={}; ",
                     seconds(net.tcp_keepalive), net.tcp_keepalive_probe, seconds(net.tcp_timeout),
                     seconds(net.udp_timeout));
  const auto in = layers(of.listen_transport->value);
  const auto out = layers(of.remote_transport->value);
  if (in != "[plain]" || out != "[plain]") all += fmt::format("transport={}||{}; ", in, out);
  return all + fmt::format("balance={}", to_string(of.balance->by));
}

/// ` name=value`, behind a comma where it is not the first; nothing where there is no such limit.
void add(std::string& to, bool is_there, std::string_view name, const std::string& value) {
  if (is_there) to += fmt::format("{}{}={}", to.empty() ? " " : ", ", name, value);
}

/// What the reference's line does not have: which protocols are served, and the limits that are in
/// force for them.
std::string own_options_of(const config::endpoint& of) {
  const auto& net = of.network;
  const bool tcp = !net.no_tcp;
  const auto time = [](std::chrono::milliseconds limit) { return print_duration(limit); };
  std::string limits;
  add(limits, tcp && of.max_connections != 0, "max-connections",
      std::to_string(of.max_connections));
  add(limits, net.use_udp, "max-associations", std::to_string(of.max_associations));
  add(limits, tcp && net.connect_limit.count() != 0, "connect-limit", time(net.connect_limit));
  add(limits, tcp && net.idle_timeout.count() != 0, "idle-timeout", time(net.idle_timeout));
  add(limits, tcp, "half-close-timeout", time(net.half_close_timeout));
  add(limits, net.byte_rate != 0, "byte-rate", print_rate(net.byte_rate));
  add(limits, net.endpoint_byte_rate != 0, "endpoint-byte-rate",
      print_rate(net.endpoint_byte_rate));
  const auto* const protocols = !tcp ? "udp" : net.use_udp ? "tcp+udp" : "tcp";
  return fmt::format("; protocols={}; limits:{}", protocols, limits);
}

}  // namespace

std::string start_report(const config::settings& what) {
  auto text =
      fmt::format("log: level={}, output={}\n",
                  config::word_for(config::log_level_words, what.log.level), what.log.output);
  text +=
      fmt::format("dns: mode={}, protocol={}, min-ttl={}, max-ttl={}, cache-size={}, servers={}\n",
                  config::word_for(config::dns_mode_words, what.dns.mode), word(what.dns.protocol),
                  what.dns.min_ttl.count(), what.dns.max_ttl.count(), what.dns.cache_size,
                  joined(what.dns.nameservers));
  const bool is_ours = what.rules == config::dialect::relay;
  for (const auto& each : what.endpoints) {
    text += fmt::format(
        "inited: {} -> [{}]; options: {}{}\n",
        config::endpoint_label(each.listen.to_string(), is_ours ? each.name : std::string()),
        remotes(each), options_of(each), is_ours ? own_options_of(each) : "");
  }
  return text;
}

}  // namespace relay::app
