#include "match.hpp"

#include <array>
#include <string>
#include <unordered_map>

namespace relay::config {

namespace {

using matches = std::vector<std::optional<std::size_t>>;

/// A sign by which an endpoint is known; empty: it has none.
using sign = std::string (*)(const endpoint&);

std::string host_of(const endpoint& what) {
  return what.listen.address ? what.listen.address->to_string() : what.listen.host;
}

/// What else tells listeners of one address apart. No text of a configuration has a zero byte.
std::string kind_of(const endpoint& what) {
  std::string made(1, '\0');
  made.append(what.network.no_tcp ? "" : "tcp").append(what.network.use_udp ? "udp" : "");
  return made.append(1, '\0').append(what.listen_interface);
}

std::string name(const endpoint& what) { return what.name; }
std::string listener(const endpoint& what) { return place_of_listener(what) + kind_of(what); }

// A range without a name that grows or shrinks at one end is still the same endpoint: its sessions
// should not be treated as those of one that was taken out.
std::string first_port(const endpoint& what) {
  if (!what.name.empty()) return {};
  return host_of(what) + '\0' + std::to_string(what.listen.ports.first) + kind_of(what);
}
std::string last_port(const endpoint& what) {
  if (!what.name.empty()) return {};
  return host_of(what) + '\0' + std::to_string(what.listen.ports.last) + kind_of(what);
}

/// The surest sign first.
constexpr std::array<sign, 5> signs{name, listener, place_of_listener, first_port, last_port};

/// Matches what has no match yet. Of several with one sign the first is matched with the first:
/// of two endpoints at one address the first one serves, before and after.
void match_by(sign of, const std::vector<endpoint>& before, const std::vector<endpoint>& after,
              std::vector<bool>& is_taken, matches& made) {
  std::unordered_map<std::string, std::vector<std::size_t>> waiting;
  for (auto at = before.size(); at-- > 0;) {
    if (is_taken[at]) continue;
    if (auto text = of(before[at]); !text.empty()) waiting[std::move(text)].push_back(at);
  }
  if (waiting.empty()) return;
  for (std::size_t at = 0; at < after.size(); ++at) {
    if (made[at]) continue;
    const auto found = waiting.find(of(after[at]));
    if (found == waiting.end() || found->second.empty()) continue;
    made[at] = found->second.back();
    is_taken[found->second.back()] = true;
    found->second.pop_back();
  }
}

}  // namespace

std::string place_of_listener(const endpoint& what) {
  const auto& ports = what.listen.ports;
  return host_of(what) + '\0' + std::to_string(ports.first) + '-' + std::to_string(ports.last);
}

std::vector<std::optional<std::size_t>> match_endpoints(const std::vector<endpoint>& before,
                                                        const std::vector<endpoint>& after) {
  matches made(after.size());
  std::vector<bool> is_taken(before.size());
  for (const auto of : signs) match_by(of, before, after, is_taken, made);
  return made;
}

}  // namespace relay::config
