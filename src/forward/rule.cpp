#include <relay/config/label.hpp>
#include <relay/forward/rule.hpp>

#include <algorithm>
#include <utility>

namespace relay::forward {

namespace {

/// A web server is asked as any client of the machine would: what the remotes need does not hold
/// for it, and nothing is asked of those who were found to be visitors.
config::endpoint endpoint_of_visitors(const config::endpoint& from, const host_port& site) {
  config::endpoint made;
  made.name = from.name;
  made.listen = from.listen;
  made.listen_interface = from.listen_interface;
  made.remote = site;
  made.network = from.network;
  made.network.send_mptcp = made.network.send_proxy = made.network.accept_proxy = false;
  made.network.warm = 0;
  made.network.camouflage = config::camouflage_answer::close;
  return made;
}

std::shared_ptr<endpoint_state> state_after(const rule* before) {
  return before != nullptr ? before->state : std::make_shared<endpoint_state>();
}

// Under another name it is another limit: the log calls it by its name.
std::shared_ptr<gate> limit_after(const rule* before, std::string name, std::uint64_t most) {
  if (before != nullptr && before->limit.name() == name) return before->shared_limit;
  return std::make_shared<gate>(std::move(name), most);
}

// Sessions under the old settings and under the new share what they shared before.
std::shared_ptr<pump::byte_rates> rates_after(const rule* before, const config::network& from) {
  const auto [flow, all] = std::pair(from.byte_rate, from.endpoint_byte_rate);
  if (before != nullptr && before->rates.is(flow, all)) return before->shared_rates;
  return std::make_shared<pump::byte_rates>(flow, all, std::chrono::steady_clock::now());
}

}  // namespace

remote::remote(const host_port& from)
    : name(from.to_string()), host(from.host), address(from.address), ports(from.ports) {}

std::string remote::name_at(std::uint16_t nth) const {
  if (ports.size() == 1) return name;
  return host_port{host, address, {port(nth), port(nth)}}.to_string();
}

rule::rule(const config::endpoint& from, endpoint_layers layers, spdlog::logger& log, rule* before)
    : endpoint_name(from.name),
      streams(!from.network.no_tcp),
      datagrams(from.network.use_udp),
      tcp_timeout(from.network.tcp_timeout),
      connect_limit(from.network.connect_limit),
      half_close_timeout(from.network.half_close_timeout),
      idle_timeout(from.network.idle_timeout),
      udp_timeout(from.network.udp_timeout),
      handshake_timeout(from.network.handshake_timeout),
      moderated(from.network.moderation),
      warm(from.network.no_tcp ? 0 : from.network.warm),
      warm_max_age(from.network.warm_max_age),
      hook_chooses(from.balance->by == balance::strategy::off),
      drops_strangers(from.network.udp_strangers == config::udp_strangers::drop),
      max_associations(static_cast<std::size_t>(from.max_associations)),
      max_connections(from.max_connections),
      state(state_after(before)),
      shared_limit(
          limit_after(before, "the endpoint " + from.listen.to_string(), from.max_connections)),
      shared_rates(rates_after(before, from.network)),
      rates(*shared_rates),
      proxy(from.network),
      in(std::move(layers.in)),
      out(std::move(layers.out)),
      limit(*shared_limit),
      way(from, log, before != nullptr ? &before->way : nullptr),
      count(state->count),
      errors(state->errors),
      listen_ports_(from.listen.ports),
      listen_name_(from.listen.to_string()) {
  remotes.emplace_back(from.remote);
  for (const auto& extra : from.extra_remotes) remotes.emplace_back(extra);
  if (std::ranges::any_of(remotes, [](const remote& each) { return each.ports.size() > 1; })) {
    warm = 0;
  }
  const net::keepalive alive{from.network.tcp_keepalive, from.network.tcp_keepalive_probe,
                             from.network.tcp_user_timeout};
  listen.ipv6_only = from.network.ipv6_only;
  listen.interface = from.listen_interface;
  listen.alive = alive;
  listen.mptcp = from.network.accept_mptcp;
  listen.answers_at_once = in.any();
  dial.interface = from.interface;
  dial.alive = alive;
  dial.mptcp = from.network.send_mptcp;
  // A warm connection has no header before it has a client.
  dial.speaks_first = proxy.sends ? !is_warm() : out.any();
  const auto* const site = std::get_if<host_port>(&from.network.camouflage);
  if (site != nullptr && in.any()) {
    visitors = std::make_unique<rule>(endpoint_of_visitors(from, *site), endpoint_layers{}, log,
                                      before != nullptr ? before->visitors.get() : nullptr);
    visitors->visitors_of = this;
  }
}

void rule::listening(const ip_endpoint& at) {
  const bool is_range = listen_ports_.size() > 1;
  listens_at = place{at.address, is_range ? listen_ports_ : port_range{at.port, at.port}};
  listen_name_ = host_port{at.address.to_string(), at.address, listens_at->ports}.to_string();
  if (visitors) visitors->listening(at);
}

std::string rule::listen_name_at(std::uint16_t nth) const {
  if (!listens_at || listens_at->ports.size() == 1) return listen_name_;
  return ip_endpoint{listens_at->address, static_cast<std::uint16_t>(listens_at->ports.first + nth)}
      .to_string();
}

std::string rule::label() const { return config::endpoint_label(listen_name_, endpoint_name); }

}  // namespace relay::forward
