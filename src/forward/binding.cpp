#include <relay/base/parallel.hpp>
#include <relay/base/zoned_address.hpp>
#include <relay/forward/binding.hpp>
#include <relay/names/system_lookup.hpp>
#include <relay/net/datagram_socket.hpp>
#include <relay/net/descriptors.hpp>

#include <strings.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <span>

namespace relay::forward {
namespace {

// With port 0 the kernel chooses one for TCP, which may be taken for UDP: then another.
constexpr int attempts_at_any_port = 16;

// Some milliseconds of the kernel's work.
constexpr std::size_t sockets_worth_a_thread = 512;

result<ip_address> first_address(const host_port& of) {
  if (of.address) return *of.address;
  if (const auto zoned = zoned_address::parse(of.host)) {
    if (const auto found = zoned->resolve()) return *found;
    return error_code(ENODEV, boost::system::system_category());
  }
  auto found = names::system_lookup(of.host);
  if (!found) return found.error();
  // The C libraries of Debian 12 and 13 disagree about which of the two comes first. Clients of
  // what listens on `localhost` mostly dial 127.0.0.1.
  if (::strcasecmp(of.host.c_str(), "localhost") == 0) {
    const auto v4 = std::ranges::find_if_not(*found, &ip_address::is_v6);
    if (v4 != found->end()) return *v4;
  }
  return found->front();
}

/// Of a range, whose ports are opened once each.
std::size_t sockets_wanted(const bind_request& by) {
  return by.listen.ports.size() * ((by.streams ? 1U : 0U) + (by.datagrams ? 1U : 0U));
}

// What to do about a failure for want of Multipath TCP; else nothing.
/// The command line has one letter for both keys.
std::string advice(const error_code& ec, const char* key) {
  const auto what = net::advice_on_mptcp(ec);
  if (what.empty()) return {};
  return " (" + std::string(what) + "; or remove `" + key + "` (`-m`))";
}

constexpr const char* low_port =
    " (ports below 1024 need the capability CAP_NET_BIND_SERVICE: in a unit "
    "AmbientCapabilities=CAP_NET_BIND_SERVICE, else `setcap cap_net_bind_service=+ep` on the "
    "binary, or the sysctl net.ipv4.ip_unprivileged_port_start)";

// Two sockets of a process share a port only where both may (SO_REUSEPORT), which a kernel may not
// grant to Multipath TCP, nor a service manager to the sockets that it has opened.
constexpr const char* beside_ours =
    " (relay itself listens there with other socket options, and this kernel does not let the two "
    "sockets share the port for a moment, as with Multipath TCP before Linux 5.17, or the old one "
    "was inherited; take the endpoint out, reload, put it back and reload again, or restart)";

bool means_no_ipv6(const error_code& ec) {
  return ec.value() == EAFNOSUPPORT || ec.value() == EADDRNOTAVAIL;
}

/// Opens the sockets of an endpoint's ports at one address, port after port, until one fails.
class port_binder {
 public:
  port_binder(const bind_request& wanted, std::vector<net::inherited_socket>& inherited,
              const ip_address& address)
      : wanted_(wanted), inherited_(inherited), made_{{address, wanted.listen.ports.first}, {}} {}

  /// The ports `from` to `to` - 1 of its range.
  void bind(std::size_t from, std::size_t to) {
    for (auto nth = from; nth < to && !ec_; ++nth) bind_port(static_cast<std::uint16_t>(nth));
  }

  const error_code& error() const noexcept { return ec_; }
  bound_endpoint take() { return std::move(made_); }
  std::string failure() const {
    auto text = "cannot listen on " + failed_at_.to_string() + (failed_udp_ ? " for UDP: " : ": ") +
                step_ + ": " + describe(ec_);
    if (wanted_.options.mptcp && !failed_udp_) text += advice(ec_, "accept_mptcp");
    if (failed_beside_ours_) text += beside_ours;
    if (ec_.value() == EACCES && failed_at_.port != 0 && failed_at_.port < 1024) text += low_port;
    return text;
  }

 private:
  bool is_range() const noexcept { return wanted_.listen.ports.size() > 1; }

  void bind_port(std::uint16_t nth) {
    ip_endpoint at{made_.at.address, static_cast<std::uint16_t>(made_.at.port + nth)};
    if (wanted_.streams) bind_kind(at, nth, false);
    // What the kernel chose for TCP is what UDP has to have too.
    if (nth == 0) at.port = made_.at.port;
    if (wanted_.datagrams && !ec_) bind_kind(at, nth, true);
  }

  void bind_kind(ip_endpoint at, std::uint16_t nth, bool udp) {
    if (wanted_.is_kept && wanted_.is_kept(at, nth, udp)) return;
    if (take_inherited(at, nth, udp)) return;
    // The ports of a range are served by one worker each, so that a thousand ports are not a
    // thousand sockets per worker.
    auto count = is_range() ? 1 : wanted_.workers;
    auto options = wanted_.options;
    // One socket, as one that is inherited: its worker hands connections on to the others.
    if (options.mptcp && !udp && !net::mptcp_shares_ports()) count = 1;
    const bool shares = wanted_.is_ours && wanted_.is_ours(at, udp);
    options.reuse_port = count > 1 || shares;
    step_ = "binding";
    if (options.reuse_port && !shares && at.port != 0) {
      ec_ = udp ? net::probe_udp(at, options) : net::probe_listen(at, options, &step_);
    }
    for (std::size_t i = 0; i < count && !ec_; ++i) {
      // Beside one of ours that is still open it begins to listen when that one is closed: until
      // then clients belong there, whatever becomes of the reload.
      auto fd = udp      ? net::listen_udp(at, options, &step_)
                : shares ? net::bind_tcp(at, options, &step_)
                         : net::listen_tcp(at, options, &step_);
      if (!fd) {
        ec_ = fd.error();
        break;
      }
      // With port 0 the first socket gets a port, and the others share it.
      if (at.port == 0) {
        if (const auto local = net::local_endpoint(fd->get()))
          made_.at.port = at.port = local->port;
      }
      const auto worker = is_range() ? nth % wanted_.workers : i;
      made_.sockets.push_back({std::move(*fd), worker, nth, udp, i == 0, shares && !udp});
    }
    if (!ec_) return;
    // Multipath TCP of an older kernel knows no SO_REUSEPORT.
    failed_beside_ours_ = shares && (ec_.value() == EADDRINUSE || ec_.value() == ENOPROTOOPT ||
                                     ec_.value() == EOPNOTSUPP);
    failed_at_ = at;
    failed_udp_ = udp;
  }

  // Mostly one, which cannot be shared out: its worker hands connections on to the others. Several
  // at one address (ReusePort=) all have clients.
  bool take_inherited(const ip_endpoint& at, std::uint16_t nth, bool udp) {
    auto worker = std::size_t{nth};
    for (auto& each : inherited_) {
      if (!each.fd || each.at != at || each.datagram != udp) continue;
      if (udp) {
        net::adopt_udp(each.fd.get(), at.address);
      } else {
        net::adopt_listener(each.fd.get(), wanted_.options);
      }
      const bool is_first = worker == nth;
      made_.sockets.push_back({std::move(each.fd), worker++ % wanted_.workers, nth, udp, is_first});
    }
    return worker != nth;
  }

  const bind_request& wanted_;
  std::vector<net::inherited_socket>& inherited_;
  bound_endpoint made_;
  const char* step_ = "";
  error_code ec_;
  ip_endpoint failed_at_;
  bool failed_udp_ = false;
  bool failed_beside_ours_ = false;
};

/// Opens the sockets of an endpoint at one address, those of a large range by several threads at
/// once: it takes as long as the kernel takes to make them.
class binder {
 public:
  binder(const bind_request& wanted, std::vector<net::inherited_socket>& inherited)
      : wanted_(wanted), inherited_(inherited) {}

  bool bind(const ip_address& address) {
    const auto any_port = wanted_.listen.ports.first == 0;
    for (int i = 0; i < (any_port ? attempts_at_any_port : 1); ++i) {
      bind_shares(address);
      if (error().value() != EADDRINUSE) break;
    }
    return !error();
  }

  const error_code& error() const noexcept { return failed().error(); }
  std::string failure() const { return failed().failure(); }

  bound_endpoint take() {
    auto made = shares_.front().take();
    for (auto& each : std::span(shares_).subspan(1)) {
      std::ranges::move(each.take().sockets, std::back_inserter(made.sockets));
    }
    return made;
  }

 private:
  void bind_shares(const ip_address& address) {
    const auto ports = wanted_.listen.ports.size();
    const auto sockets = sockets_wanted(wanted_);
    // Inherited ones, of which there are few, are looked for by one thread.
    // Nor are those that are kept looked for by several, since they are crossed off a list.
    const bool alone = !inherited_.empty() || wanted_.is_kept;
    const auto count = alone ? 1 : threads_for(sockets, wanted_.workers);
    if (count > 1) net::make_room_for_descriptors(sockets);
    shares_.clear();
    for (std::size_t i = 0; i < count; ++i) shares_.emplace_back(wanted_, inherited_, address);
    in_parallel(
        count, [&](std::size_t i) { shares_[i].bind(ports * i / count, ports * (i + 1) / count); });
  }

  /// Each share ends at the first port that fails, so that this one has the lowest of all.
  const port_binder& failed() const noexcept {
    const auto found =
        std::ranges::find_if(shares_, [](const port_binder& each) { return bool(each.error()); });
    return found == shares_.end() ? shares_.front() : *found;
  }

  const bind_request& wanted_;
  std::vector<net::inherited_socket>& inherited_;
  std::vector<port_binder> shares_;  // in the order of their ports
};

// A range that can never fit is told as such, not as a failure of its 1,020th port.
std::string lack_of_descriptors(const bind_request& wanted) {
  const auto ports = wanted.listen.ports.size();
  if (ports == 1 || wanted.is_kept) return {};  // of these most may be there already
  const auto need = sockets_wanted(wanted);
  const auto [limit, open] = net::descriptors();
  if (need + open <= limit) return {};
  const auto* const kinds = !wanted.datagrams ? "TCP" : !wanted.streams ? "UDP" : "TCP and UDP";
  return "cannot listen on " + wanted.listen.to_string() + ": " + std::to_string(ports) +
         " ports (" + kinds + ") need " + std::to_string(need) +
         " descriptors, but the limit (RLIMIT_NOFILE) is " + std::to_string(limit) + " and " +
         std::to_string(open) + " are in use; raise it to more than " +
         std::to_string(need + open) + ", with room for connections (-n, ulimit -n, LimitNOFILE=)";
}

}  // namespace

std::size_t threads_for(std::size_t sockets, std::size_t workers) noexcept {
  return std::clamp<std::size_t>(sockets / sockets_worth_a_thread, 1, workers);
}

std::variant<bound_endpoint, std::string> bind_endpoint(
    const bind_request& wanted, std::vector<net::inherited_socket>& inherited) {
  if (auto lack = lack_of_descriptors(wanted); !lack.empty()) return lack;
  const auto& listen = wanted.listen;
  ip_address address = *ip_address::parse("::");  // both families, where the machine has both
  if (!listen.host.empty()) {
    const auto found = first_address(listen);
    if (!found) return "cannot listen on " + listen.to_string() + ": " + describe(found.error());
    address = *found;
  }
  binder sockets(wanted, inherited);
  bool bound = sockets.bind(address);
  if (!bound && listen.host.empty() && !wanted.options.ipv6_only &&
      means_no_ipv6(sockets.error())) {
    bound = sockets.bind(ip_address());
  }
  if (!bound) return sockets.failure();
  return sockets.take();
}

std::optional<std::string> lacks_device(std::string_view key, const host_port& of) {
  const auto zoned = zoned_address::parse(of.host);
  if (!zoned || zoned->resolve()) return std::nullopt;
  return "cannot use `" + std::string(key) + "` " + of.to_string() + ": there is no device `" +
         zoned->device + '`';
}

std::variant<ip_endpoint, std::string> resolve_through(const host_port& through) {
  const auto address = first_address(through);
  if (!address) {
    return "cannot use `through` " + through.to_string() + ": " + describe(address.error());
  }
  return ip_endpoint{*address, through.ports.first};
}

std::optional<std::string> lacks_send_mptcp() {
  const auto ec = net::lacks_mptcp();
  if (!ec) return std::nullopt;
  return "cannot use `send_mptcp`: opening a Multipath TCP socket: " + describe(ec) +
         advice(ec, "send_mptcp");
}

}  // namespace relay::forward
