#include <relay/config/load.hpp>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>

namespace relay::config {

namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Where listeners can meet: protocol, device, host. A literal counts by value, not by spelling.
using meeting_place = std::tuple<bool, std::string, std::string>;

meeting_place place_of(const endpoint& what, bool udp) {
  const auto host =
      what.listen.address ? what.listen.address->to_string() : lower(what.listen.host);
  return {udp, what.listen_interface, host};
}

/// The ports of one place that are taken and by which endpoint, as ranges that do not meet.
class taken_ports {
 public:
  /// Who has the first of these ports that is taken.
  std::optional<std::size_t> owner_of(const port_range& ports) const {
    const auto at = first_reaching(ports.first);
    if (at == ranges_.end() || at->first > ports.last) return std::nullopt;
    return at->second.owner;
  }

  /// Gives to `owner` what is free among these ports.
  void take(const port_range& ports, std::size_t owner) {
    const std::uint32_t end = ports.last + 1U;
    std::uint32_t next = ports.first;
    for (auto at = first_reaching(next); next < end; ++at) {
      const auto stop = at == ranges_.end() ? end : std::min(at->first, end);
      if (next < stop) ranges_.emplace_hint(at, next, range{stop - 1, owner});
      if (stop == end) return;
      next = at->second.last + 1;
    }
  }

 private:
  struct range {
    std::uint32_t last;
    std::size_t owner;
  };
  using ranges = std::map<std::uint32_t, range>;  // by the first port

  /// The lowest range that ends at `port` or above it.
  ranges::const_iterator first_reaching(std::uint32_t port) const {
    const auto above = ranges_.upper_bound(port);
    if (above == ranges_.begin()) return above;
    const auto below = std::prev(above);
    return below->second.last >= port ? below : above;
  }

  ranges ranges_;
};

/// `second` comes after `first` in the configuration.
problem clash(const endpoint& first, const endpoint& second, bool udp, problem::level severity) {
  return {severity, second.origin,
          "`listen`: " + second.listen.to_string() + (udp ? " (UDP)" : " (TCP)") +
              " is already taken by " + first.listen.to_string() + " at " +
              first.origin.to_string(),
          "the first one serves, this one cannot be bound"};
}

}  // namespace

std::vector<problem> duplicate_listens(const settings& what, problem::level severity) {
  std::vector<problem> made;
  std::map<meeting_place, taken_ports> taken;
  for (std::size_t at = 0; at < what.endpoints.size(); ++at) {
    const auto& each = what.endpoints[at];
    const auto& ports = each.listen.ports;
    if (ports.first == 0) continue;  // the system picks a free one
    for (const bool udp : {false, true}) {
      if (udp ? !each.network.use_udp : each.network.no_tcp) continue;
      auto& here = taken[place_of(each, udp)];
      if (const auto owner = here.owner_of(ports)) {
        made.push_back(clash(what.endpoints[*owner], each, udp, severity));
      }
      here.take(ports, at);
    }
  }
  return made;
}

}  // namespace relay::config
