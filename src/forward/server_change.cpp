#include <relay/base/log.hpp>
#include <relay/forward/endpoint_layers.hpp>
#include <relay/forward/server.hpp>

#include <spdlog/logger.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

/// A reload: first everything that may fail, then what takes a moment and cannot.
namespace relay::forward {
namespace {

using kind = config::endpoint_change::kind;

struct listener_key {
  ip_endpoint at;
  bool datagrams = false;
  friend auto operator<=>(const listener_key&, const listener_key&) = default;
};

/// A listener that is open now. It stays if an endpoint of the new settings claims it.
struct standing {
  const live_endpoint* of = nullptr;
  bool is_claimed = false;
};

/// Whether one socket can serve in place of the other: the rest can be set on an open one.
bool is_alike(const net::listen_options& a, const net::listen_options& b) {
  return a.ipv6_only == b.ipv6_only && a.mptcp == b.mptcp && a.interface == b.interface;
}

/// Not all that is left out: there may be thousands.
config::settings only(config::settings& of, const std::vector<std::size_t>& endpoints) {
  auto all = std::exchange(of.endpoints, {});
  config::settings made = of;
  of.endpoints = std::move(all);
  for (const auto each : endpoints) made.endpoints.push_back(of.endpoints[each]);
  return made;
}

std::int64_t microseconds_since(std::chrono::steady_clock::time_point then) {
  const auto passed = std::chrono::steady_clock::now() - then;
  return std::chrono::duration_cast<std::chrono::microseconds>(passed).count();
}

}  // namespace

/// Makes one `change`.
class server::preparation {
 public:
  preparation(const server& of, config::settings next)
      : server_(of), made_(std::make_unique<change>()) {
    made_->next = std::move(next);
    made_->diff = config::diff(of.settings_, made_->next);
    made_->live.resize(made_->next.endpoints.size());
  }

  std::unique_ptr<change> run() {
    read_layers();
    if (!made_->failures.empty()) return std::move(made_);
    take_stock();
    for (const auto& each : made_->diff.endpoints) {
      if (each.what != kind::removed && stays_where_it_is(each)) stay(each);
    }
    for (const auto& each : made_->diff.endpoints) {
      if (each.what != kind::removed && !stays_where_it_is(each)) move(each);
    }
    conclude();
    return std::move(made_);
  }

 private:
  const live_endpoint* before(const config::endpoint_change& each) const {
    return each.before ? &server_.live_[*each.before] : nullptr;
  }

  /// It keeps all the listeners that it has, whatever else is new. One that could not be bound
  /// before is tried again.
  bool stays_where_it_is(const config::endpoint_change& each) const {
    const auto* const old = before(each);
    const bool returns = old != nullptr && each.what == kind::changed && old->by->is_draining;
    return old != nullptr && !each.listens_elsewhere && old->failure.empty() && !returns;
  }

  /// The certificates and the rules of what is new.
  void read_layers() {
    std::vector<std::size_t> wanted;
    for (const auto& each : made_->diff.endpoints) {
      if (each.what == kind::added || each.what == kind::changed) wanted.push_back(*each.after);
    }
    std::vector<config::problem> found;
    auto layers = make_layers(only(made_->next, wanted), found, server_.options_.credentials);
    for (auto& each : found) {
      if (each.severity == config::problem::level::error) {
        made_->failures.push_back({code::cert, {}, config::render(each)});
      } else {
        made_->warnings.push_back(std::move(each));
      }
    }
    if (!made_->failures.empty()) return;
    std::size_t next = 0;
    for (const auto& each : made_->diff.endpoints) {
      if (each.what == kind::removed) continue;
      auto& live = made_->live[*each.after];
      auto* const old = each.before ? before(each)->by.get() : nullptr;
      if (each.what == kind::same && before(each)->failure.empty()) {
        live.by = old;
      } else if (each.what == kind::same) {  // it may be read by others while this one is filled in
        live.by = make_rule(*each.after, {old->in, old->out}, old);
      } else {
        live.by = make_rule(*each.after, std::move(layers[next++]), old);
      }
    }
  }

  rule_ptr make_rule(std::size_t index, endpoint_layers layers, rule* old) const {
    return new rule(made_->next.endpoints[index], std::move(layers),
                    server_.log_.target("relay::balance"), old);
  }

  void take_stock() {
    for (const auto& each : server_.live_) {
      for (const auto& one : each.listeners) {
        standing_.emplace(listener_key{one.at, one.datagrams}, standing{&each});
      }
    }
  }

  void stay(const config::endpoint_change& each) {
    const auto& old = *before(each);
    auto& live = made_->live[*each.after];
    live.at = old.at;
    live.listeners = old.listeners;
    for (const auto& one : live.listeners) claim({one.at, one.datagrams});
    if (each.what == kind::same) return;
    if (auto lack = find_way(*live.by, made_->next.endpoints[*each.after])) {
      return fail(each, lack->what, std::move(lack->message));
    }
    if (live.at) live.by->listening(*live.at);
    share_associations(live);
    for (const auto& one : live.listeners) hand_over(old, live, one.at, one.datagrams, one.nth);
  }

  void move(const config::endpoint_change& each) {
    auto& live = made_->live[*each.after];
    const auto& from = made_->next.endpoints[*each.after];
    if (!live.by->streams && !live.by->datagrams) return;
    if (auto lack = find_way(*live.by, from)) {
      return not_heard(each, lack->what, std::move(lack->message));
    }
    const bind_request wanted{
        from.listen,
        live.by->listen,
        live.by->streams,
        live.by->datagrams,
        server_.options_.workers,
        [&](const ip_endpoint& at, std::uint16_t nth, bool datagrams) {
          return keep(live, at, nth, datagrams);
        },
        [&](const ip_endpoint& at, bool datagrams) { return is_ours(at, datagrams); }};
    std::vector<net::inherited_socket> none;
    auto bound = bind_endpoint(wanted, none);
    if (auto* why = std::get_if<std::string>(&bound)) {
      return not_heard(each, code::bind, std::move(*why));
    }
    take_in(live, std::move(std::get<bound_endpoint>(bound)), made_->opened);
  }

  /// An endpoint that did not listen before either fails nobody else.
  void not_heard(const config::endpoint_change& each, code what, std::string message) {
    if (each.what == kind::same && !before(each)->failure.empty()) {
      made_->live[*each.after].failure = std::move(message);
    } else {
      fail(each, what, std::move(message));
    }
  }

  /// Whether a listener is there already and nobody else has claimed it: then it changes hands.
  bool keep(live_endpoint& to, const ip_endpoint& at, std::uint16_t nth, bool datagrams) {
    const auto found = standing_.find({at, datagrams});
    if (found == standing_.end() || found->second.is_claimed) return false;
    const auto& old = *found->second.of;
    // One that hears nothing any more, as its device has gone, is of no use.
    if (!is_alike(old.by->listen, to.by->listen) || !old.failure.empty()) return false;
    found->second.is_claimed = true;
    for (const auto& each : old.listeners) {
      if (each.at == at && each.datagrams == datagrams) {
        to.listeners.push_back({at, datagrams, nth, each.worker});
      }
    }
    hand_over(old, to, at, datagrams, nth);
    return true;
  }

  /// Whether one of ours is in the way there that goes; those that stay have been claimed before.
  bool is_ours(const ip_endpoint& at, bool datagrams) const {
    if (!at.address.is_unspecified()) {  // of thousands one or two can be
      const auto goes = [&](const ip_address& address) {
        const auto found = standing_.find({{address, at.port}, datagrams});
        return found != standing_.end() && !found->second.is_claimed;
      };
      return goes(at.address) || goes(ip_address()) || goes(*ip_address::parse("::"));
    }
    return std::ranges::any_of(standing_, [&](const auto& each) {
      const auto& [key, what] = each;
      return !what.is_claimed && key.datagrams == datagrams && key.at.port == at.port;
    });
  }

  void claim(const listener_key& which) {
    const auto found = standing_.find(which);
    if (found != standing_.end()) found->second.is_claimed = true;
  }

  void hand_over(const live_endpoint& from, const live_endpoint& to, const ip_endpoint& at,
                 bool datagrams, std::uint16_t nth) {
    made_->lanes.kept.push_back({from.by, to.by, at, datagrams, nth});
  }

  void fail(const config::endpoint_change& each, code what, std::string message) {
    made_->failures.push_back({what, each.after, std::move(message)});
  }

  void conclude() {
    auto& lanes = made_->lanes;
    for (const auto& [key, what] : standing_) {
      if (!what.is_claimed) lanes.closed.push_back({what.of->by, key.at, key.datagrams});
    }
    for (const auto& each : made_->diff.endpoints) {
      const auto* const old = before(each);
      if (each.after && (old == nullptr || made_->live[*each.after].by != old->by)) {
        conclude(made_->live[*each.after]);
      }
      if (old == nullptr) continue;
      if (each.after && made_->live[*each.after].by == old->by) continue;
      lanes.replaced.push_back({old->by, each.after ? made_->live[*each.after].by : rule_ptr(),
                                config::fate_of(each, server_.settings_, made_->next),
                                made_->next.process.shutdown_timeout});
    }
    lanes.has_other_limits =
        !made_->limits.empty() ||
        made_->next.process.max_connections != server_.settings_.process.max_connections;
    lanes.own = own_listeners_of(made_->live);
    lanes.has_rates = std::ranges::any_of(
        made_->live, [](const live_endpoint& each) { return each.by->rates.any(); });
  }

  void conclude(const live_endpoint& fresh) {
    if (fresh.by->is_warm()) made_->lanes.warm.push_back(fresh.by);
    if (fresh.by->limit.limit() != fresh.by->max_connections) {
      made_->limits.push_back({fresh.by, fresh.by->max_connections});
    }
  }

  const server& server_;
  std::unique_ptr<change> made_;
  std::map<listener_key, standing> standing_;
};

std::unique_ptr<change> server::prepare(config::settings next) const {
  const auto began = std::chrono::steady_clock::now();
  auto made = preparation(*this, std::move(next)).run();
  log_.target("relay").debug(
      "reload: prepared in {} us: of {} endpoints {} differ; listeners: {} opened, {} kept for "
      "another rule, {} to be closed",
      microseconds_since(began), made->live.size(), made->diff.differing(), made->opened.size(),
      made->lanes.kept.size(), made->lanes.closed.size());
  return made;
}

void server::apply(std::unique_ptr<change> what, std::function<void()> applied) {
  const auto began = std::chrono::steady_clock::now();
  for (const auto& each : what->limits) door_->change_limit(each.of->limit, each.most);
  door_->change_limit(what->next.process.max_connections);
  settings_ = std::move(what->next);
  live_ = std::move(what->live);
  std::vector<std::vector<new_listener>> opened(lanes_.size());
  for (auto& each : what->opened) opened[each.socket.worker].push_back(std::move(each));
  struct progress {
    lane_change change;
    std::atomic<std::size_t> missing;
    std::atomic<std::int64_t> longest{0};  // that a worker was at it, in microseconds
    std::function<void()> applied;
  };
  const auto all = std::make_shared<progress>();
  all->change = std::move(what->lanes);
  all->missing = lanes_.size();
  all->applied = std::move(applied);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const auto own = std::make_shared<std::vector<new_listener>>(std::move(opened[i]));
    lanes_[i]->worker().post([this, lane = lanes_[i].get(), all, own, began] {
      const auto here = std::chrono::steady_clock::now();
      lane->apply(all->change, std::move(*own));
      const auto took = microseconds_since(here);
      for (auto known = all->longest.load(); known < took;) {
        if (all->longest.compare_exchange_weak(known, took)) break;
      }
      if (--all->missing != 0) return;
      log_.target("relay").debug("reload: applied in {} us, of which {} at most on one worker",
                                 microseconds_since(began), all->longest.load());
      if (all->applied) all->applied();
    });
  }
  watch_devices();
}

}  // namespace relay::forward
