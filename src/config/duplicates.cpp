#include <relay/config/load.hpp>

#include <algorithm>
#include <cctype>
#include <map>
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
  std::map<meeting_place, std::vector<std::size_t>> groups;
  for (std::size_t at = 0; at < what.endpoints.size(); ++at) {
    const auto& each = what.endpoints[at];
    if (each.listen.ports.first == 0) continue;  // the system picks a free one
    if (!each.network.no_tcp) groups[place_of(each, false)].push_back(at);
    if (each.network.use_udp) groups[place_of(each, true)].push_back(at);
  }
  std::vector<std::pair<std::size_t, problem>> made;
  for (auto& [place, members] : groups) {
    const auto ports = [&](std::size_t at) { return what.endpoints[at].listen.ports; };
    // By port, so that only the range that reaches furthest must be compared with.
    std::ranges::stable_sort(members, {}, [&](std::size_t at) { return ports(at).first; });
    auto furthest = members.front();
    for (auto at = members.begin() + 1; at != members.end(); ++at) {
      if (ports(*at).first <= ports(furthest).last) {
        const auto [first, second] = std::minmax(furthest, *at);
        made.emplace_back(second, clash(what.endpoints[first], what.endpoints[second],
                                        std::get<0>(place), severity));
      }
      if (ports(*at).last > ports(furthest).last) furthest = *at;
    }
  }
  std::ranges::stable_sort(made, {}, [](const auto& each) { return each.first; });
  std::vector<problem> problems;
  for (auto& each : made) problems.push_back(std::move(each.second));
  return problems;
}

}  // namespace relay::config
