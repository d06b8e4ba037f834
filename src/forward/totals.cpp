#include <relay/forward/rule.hpp>
#include <relay/forward/totals.hpp>

namespace relay::forward {
namespace {

void add(endpoint_totals& to, const counters& more) {
  to.connections += more.accepted;
  to.associations += more.associations;
  to.up_bytes += more.up_bytes;
  to.down_bytes += more.down_bytes;
  to.up_datagrams += more.up_datagrams;
  to.down_datagrams += more.down_datagrams;
  to.lost_datagrams += more.lost_datagrams;
  to.unanswered += more.unanswered;
  for (std::size_t i = 0; i < to.ended.size(); ++i) to.ended[i] += more.ended[i];
}

std::vector<remote_state> remotes_of(const rule& of) {
  auto made = of.way.states(route::clock::now());
  if (!made.empty()) return made;
  for (const auto& each : of.remotes) made.emplace_back().name = each.name;
  return made;
}

}  // namespace

live_traffic& live_traffic::operator+=(const live_traffic& more) noexcept {
  connections += more.connections;
  associations += more.associations;
  up_bytes += more.up_bytes;
  down_bytes += more.down_bytes;
  up_datagrams += more.up_datagrams;
  down_datagrams += more.down_datagrams;
  return *this;
}

endpoint_totals totals_of(const rule& of, const live_traffic& live) {
  endpoint_totals made;
  made.listen = of.listen_name();
  made.remote = of.name();
  made.streams = of.streams;
  made.datagrams = of.datagrams;
  made.remotes = remotes_of(of);
  made.is_draining = of.is_draining;
  made.warm = of.count.warm_ready;
  made.live = live;
  add(made, of.count);
  if (of.visitors) add(made, of.visitors->count);
  made.up_bytes += live.up_bytes;
  made.down_bytes += live.down_bytes;
  made.up_datagrams += live.up_datagrams;
  made.down_datagrams += live.down_datagrams;
  made.errors = of.errors.all();
  return made;
}

}  // namespace relay::forward
