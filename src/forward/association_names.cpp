#include <relay/forward/associations.hpp>
#include <relay/forward/lane.hpp>
#include <relay/net/clock.hpp>
#include <relay/net/datagram_socket.hpp>
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
  const auto moment = now();
  if (!targets_[remote].is_due(moment)) return;
  if (targets_[remote].address() && targets_[remote].is_silent(moment)) ask_anew(remote);
  const auto known = lane_.shared().names.cached(rule_.remotes[remote].host);
  if (known && *known) return learn(remote, ***known);
  if (known || asking_[remote] || lane_.is_closing()) return;
  asking_[remote] = true;
  try {
    lane_.tasks().spawn(look_up(remote), [this, remote] { asking_[remote] = false; });
  } catch (...) {
    asking_[remote] = false;
    throw;
  }
}

void associations::learn(std::size_t remote, const std::vector<ip_address>& found) {
  auto usable = found;
  std::erase_if(usable, [this](const ip_address& each) { return !rule_.can_dial(each); });
  targets_[remote].learn(usable, now());
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
  lane_.shared().log.lookup_failed(rule_, name.name, why);
  release_held(remote, false);
}

// The container behind a name may have come back at another address, whatever the TTL says. What is
// found will be in the cache at the next look.
void associations::ask_anew(std::size_t remote) {
  if (!targets_[remote].may_ask_anew(now()) || lane_.is_closing()) return;
  lane_.shared().names.refresh(rule_.remotes[remote].host, lane_.worker().index());
}

bool associations::address_failed(const association& by) {
  ask_anew(by.remote());
  return targets_[by.remote()].failed(now());
}

bool associations::goes_on(association& by, const error_code& why) {
  return net::has_no_way(why) && address_failed(by) && is_ready(by);
}

bool associations::refused(association& by, const net::refusal& told) {
  ++rule_.count.refused_datagrams;
  lane_.shared().log.refused(by.path(), told.to.endpoint(), told.why);
  // Others may have found that out already; then it is not the address of now that refuses.
  const bool is_news = by.is_at(told.to) && by.is_open(targets_[by.remote()].version());
  return !is_news || address_failed(by) || !give_up(by, told.why);
}

// Where the endpoint has another remote, the client's next datagram goes there.
bool associations::give_up(association& by, const error_code&) {
  if (!rule_.way.datagrams_failed(by.remote(), net::coarse_now())) return false;
  remove(by, end_reason::connect_failed);
  return true;
}

bool associations::has_just_left(const association& by, const socket_address& place) const {
  const auto from = place.endpoint();
  return from.port == rule_.remotes[by.remote()].port(by.inlet().nth()) &&
         targets_[by.remote()].was_at(from.address, now());
}

void associations::stranger(const association& by, const socket_address& from) {
  ++rule_.count.lost_datagrams;
  lane_.shared().log.stranger(by.path(), from.endpoint());
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
      flows_.touch(*of, now());
      forward(*of, std::span(&run, 1));
      continue;
    }
    rule_.count.lost_datagrams += run.count();
    // The client's next datagram begins anew, maybe with another remote.
    if (of != nullptr) remove(*of, end_reason::resolve_failed);
  }
}

}  // namespace relay::forward
