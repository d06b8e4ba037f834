#include <relay/base/reach.hpp>
#include <relay/forward/own_listener.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <fstream>

namespace relay::forward {
namespace {

unique_fd throw_away_socket(const ip_address& like) {
  return unique_fd(::socket(like.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

// Where the system lets sockets be bound to any address (for an address that fails over between
// machines), bind() proves nothing.
bool may_bind_anything(int family) {
  std::ifstream setting(family == AF_INET6 ? "/proc/sys/net/ipv6/ip_nonlocal_bind"
                                           : "/proc/sys/net/ipv4/ip_nonlocal_bind");
  int value = 0;
  return setting >> value && value != 0;
}

// To reach itself a machine uses the address it wants to reach; not so a further address of the
// same network, which therefore is the second choice.
bool is_its_own_source(const ip_address& address) {
  const auto fd = throw_away_socket(address);
  const socket_address to(ip_endpoint{address, 9});  // nothing is sent
  if (!fd || ::connect(fd.get(), to.data(), to.length) != 0) return false;
  const auto from = net::local_endpoint(fd.get());
  return from && from->address == address;
}

bool is_of_this_machine(const ip_address& address) {
  const auto fd = throw_away_socket(address);
  const socket_address at(ip_endpoint{address, 0});
  if (!fd || ::bind(fd.get(), at.data(), at.length) != 0) return false;
  return !may_bind_anything(address.family()) || is_its_own_source(address);
}

}  // namespace

bool leads_back(const rule& by, const ip_endpoint& target) {
  if (!by.listens_at) return false;
  const auto& [address, ports] = *by.listens_at;
  if (target.port < ports.first || target.port > ports.last) return false;
  // What this machine sends to itself comes in at `lo`, whatever the address.
  if (!by.listen.interface.empty() && by.listen.interface != "lo") return false;
  switch (reaches(address, by.listen.ipv6_only, target.address)) {
    case reach::no:
      return false;
    case reach::yes:
      return true;
    case reach::if_local:
      return is_of_this_machine(without_mapping(target.address));
  }
  return false;
}

void own_listeners::add(const rule& listening) {
  if (!listening.listens_at) return;
  if (!ports_) ports_ = std::make_unique<std::bitset<65536>>();
  const auto& ports = listening.listens_at->ports;
  for (std::size_t port = ports.first; port <= ports.last; ++port) ports_->set(port);
  all_.push_back(&listening);
}

const rule* own_listeners::at(const ip_endpoint& target) const {
  if (!has_port(target.port)) return nullptr;
  const auto found =
      std::ranges::find_if(all_, [&target](const rule* each) { return leads_back(*each, target); });
  return found == all_.end() ? nullptr : *found;
}

}  // namespace relay::forward
