#include <relay/forward/associations.hpp>
#include <relay/forward/lane.hpp>
#include <relay/net/clock.hpp>
#include <relay/net/timeout.hpp>

#include <boost/asio/this_coro.hpp>

#include <utility>

/// The part of `associations` that knows where the remotes are: names, and the datagrams that wait
/// for them.
namespace relay::forward {
namespace {

// What may wait for the answer of a name server, for all clients of an endpoint on one worker.
constexpr std::size_t most_held = 64;
constexpr std::size_t most_held_bytes = 256 * 1024;

}  // namespace

// A name is looked at again every second: its address may have changed. Until there is an answer
// the old address serves.
void associations::look(std::size_t remote) {
  if (!targets_[remote].is_due(net::coarse_now())) return;
  const auto known = lane_.shared().names.cached(rule_.remotes[remote].host);
  if (known && *known) return learn(remote, ***known);
  if (known || asking_[remote] || lane_.is_closing()) return;
  asking_[remote] = true;
  lane_.tasks().spawn(look_up(remote));
}

void associations::learn(std::size_t remote, const std::vector<ip_address>& found) {
  auto usable = found;
  std::erase_if(usable, [this](const ip_address& each) { return !rule_.can_dial(each); });
  targets_[remote].learn(usable);
  // Before anything newer is sent.
  if (targets_[remote].address() && !held_.empty()) release_held(remote, true);
}

task<> associations::look_up(std::size_t remote) {
  const auto& name = rule_.remotes[remote];
  net::patience patience(co_await asio::this_coro::executor, lane_.worker().wheel(),
                         rule_.connect_limit);
  auto asked = lane_.shared().names.lookup(name.host, lane_.worker().index());
  const auto found = co_await net::with_patience(std::move(asked), patience);
  asking_[remote] = false;
  if (!found && found.error() == asio::error::operation_aborted) co_return;  // the end
  if (found) learn(remote, **found);
  const bool known = targets_[remote].address().has_value();
  error_code why = errc::no_usable_family;
  if (!found) why = found.error();
  if (known) co_return;
  lane_.shared().log.lookup_failed(name.name, why);
  release_held(remote, false);
}

void associations::hold(const association& by, std::span<const pump::datagram_run> runs) {
  for (const auto& each : runs) {
    if (held_.size() == most_held || held_bytes_ + each.bytes.size() > most_held_bytes) {
      rule_.count.lost_datagrams += each.count();
      continue;
    }
    held_bytes_ += each.bytes.size();
    held_.push_back({by.key, by.remote(), each.segment, {each.bytes.begin(), each.bytes.end()}});
  }
}

void associations::release_held(std::size_t remote, bool send) {
  auto all = std::move(held_);
  held_.clear();
  held_bytes_ = 0;
  for (auto& each : all) {
    if (each.remote != remote) {
      held_bytes_ += each.bytes.size();
      held_.push_back(std::move(each));
      continue;
    }
    pump::datagram_run run{each.bytes, each.segment};
    auto* const of = static_cast<association*>(flows_.find(each.key));
    if (of != nullptr && send) {
      forward(*of, std::span(&run, 1));
      continue;
    }
    rule_.count.lost_datagrams += run.count();
    // The client's next datagram begins anew, maybe with another remote.
    if (of != nullptr) remove(*of, pump::end_reason::resolve_failed);
  }
}

}  // namespace relay::forward
