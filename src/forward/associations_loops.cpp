#include <relay/base/reach.hpp>
#include <relay/forward/associations.hpp>
#include <relay/forward/lane.hpp>

#include <algorithm>

/// The part of `associations` that keeps datagrams from going round.
namespace relay::forward {
namespace {

constexpr auto in_a_loop = "the same comes back more than 50 times a second: a loop";
constexpr int longest_chain = 16;  // of endpoints
// Systems give clients ports from here on, or from 49152; listeners are mostly below. Whoever
// measures round trips with one and the same payload must not be taken for a loop.
constexpr std::uint16_t first_port_of_clients = 32768;

}  // namespace

bool associations::may_be_a_relay(const socket_address& client) const {
  const auto port = client.endpoint().port;
  return port < first_port_of_clients || lane_.own().has_port(port);
}

bool associations::goes_round(association& by, const pump::datagram_run& next) {
  if (!by.may_be_a_relay()) return false;
  const auto seen = by.watch_for_loops(next);
  if (seen == loop_watch::verdict::begins) {
    lane_.shared().log.datagrams_dropped(main_path(by), by.client().endpoint(), in_a_loop);
  }
  return seen != loop_watch::verdict::pass;
}

// A listener of ours speaks to its clients only, which none of the others is: the source is forged,
// and the answer would be answered. Two relays that are each other's remote make a new association
// of what comes back each time, and none of these is ever answered.
bool associations::goes_round(const ip_endpoint& client, std::size_t remote, std::uint16_t nth,
                              const pump::datagram_run& first) {
  auto& log = lane_.shared().log;
  if (lane_.own().at(client) != nullptr) {
    log.datagrams_dropped({rule_, 0, nth}, client, "the source is a listener of this relay");
    return true;
  }
  if (targets_[remote].address() != without_mapping(client.address)) return false;
  const auto one = first.bytes.first(std::min(first.segment, first.bytes.size()));
  const auto seen = newcomers_.see(fingerprint(one), made_ - answered_, now());
  if (seen == loop_watch::verdict::begins)
    log.datagrams_dropped({rule_, 0, nth}, client, in_a_loop);
  return seen != loop_watch::verdict::pass;
}

// Endpoints may lead to one another, but not in a ring. With a choice of remotes there may be a way
// out, so those are not followed.
bool associations::leads_back(const ip_endpoint& to) const {
  auto at = to;
  for (int i = 0; i < longest_chain; ++i) {
    const auto* const next = lane_.own().at(at);
    if (next != nullptr && next->state == rule_.state) return true;
    if (next == nullptr || next->remotes.size() > 1) return false;
    const auto& on = next->remotes.front();
    const auto nth = static_cast<std::uint16_t>(at.port - next->listens_at->ports.first);
    auto address = on.address;
    if (!address) {
      const auto known = lane_.shared().names.cached(on.host);
      if (known && *known && !(**known)->empty()) address = (**known)->front();
    }
    if (!address) return false;
    at = {*address, on.port(nth)};
  }
  return false;
}

}  // namespace relay::forward
