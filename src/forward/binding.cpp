#include <relay/forward/binding.hpp>
#include <relay/net/system_lookup.hpp>

#include <cerrno>

namespace relay::forward {
namespace {

result<ip_address> first_address(const host_port& of) {
  if (of.address) return *of.address;
  auto found = net::system_lookup(of.host);
  if (!found) return found.error();
  return found->front();
}

bool means_no_ipv6(const error_code& ec) {
  return ec.value() == EAFNOSUPPORT || ec.value() == EADDRNOTAVAIL;
}

std::string failure(const ip_endpoint& at, const char* step, const error_code& ec) {
  return "cannot listen on " + at.to_string() + ": " + step + ": " + describe(ec);
}

struct attempt {
  bound_sockets sockets;
  const char* step = "";
  error_code ec;
};

attempt bind_at(ip_endpoint at, const net::listen_options& wanted, std::size_t workers) {
  attempt made;
  auto options = wanted;
  options.reuse_port = workers > 1;
  made.step = "binding";
  if (options.reuse_port && at.port != 0) made.ec = net::probe_listen(at, options);
  for (std::size_t i = 0; i < workers && !made.ec; ++i) {
    auto fd = net::listen_tcp(at, options, &made.step);
    if (!fd) {
      made.ec = fd.error();
      break;
    }
    // With port 0 the first socket gets a port, and the others share it.
    if (const auto local = net::local_endpoint(fd->get())) at.port = local->port;
    made.sockets.each.push_back(std::move(*fd));
  }
  made.sockets.at = at;
  return made;
}

}  // namespace

std::variant<bound_sockets, std::string> bind_endpoint(const host_port& listen,
                                                       const net::listen_options& options,
                                                       std::size_t workers) {
  ip_endpoint at{{}, listen.ports.first};
  if (listen.host.empty()) {
    at.address = *ip_address::parse("::");  // both families, where the machine has both
  } else {
    const auto address = first_address(listen);
    if (!address) {
      return "cannot listen on " + listen.to_string() + ": " + describe(address.error());
    }
    at.address = *address;
  }
  auto made = bind_at(at, options, workers);
  if (made.ec && listen.host.empty() && !options.ipv6_only && means_no_ipv6(made.ec)) {
    at.address = ip_address();
    made = bind_at(at, options, workers);
  }
  if (made.ec) return failure(at, made.step, made.ec);
  return std::move(made.sockets);
}

std::variant<ip_endpoint, std::string> resolve_through(const host_port& through) {
  const auto address = first_address(through);
  if (!address) {
    return "cannot use `through` " + through.to_string() + ": " + describe(address.error());
  }
  return ip_endpoint{*address, through.ports.first};
}

}  // namespace relay::forward
