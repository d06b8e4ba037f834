#include "resolver_core.hpp"

#include <relay/names/system_lookup.hpp>
#include <relay/net/fault.hpp>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

namespace relay::names {
namespace {

dns_cache::limits cache_limits(const config::dns& options, dns_cache::limits base) {
  base.capacity = options.cache_size;
  base.min_ttl = options.min_ttl;
  base.max_ttl = std::max(options.min_ttl, options.max_ttl);
  return base;
}

// RFC 6761: localhost needs nobody's answer, even where there is no hosts file.
std::vector<ip_address> loopback(std::string_view name) {
  if (name != "localhost" && !name.ends_with(".localhost")) return {};
  return {*ip_address::parse("127.0.0.1"), *ip_address::parse("::1")};
}

std::vector<ip_address> ask_system(const std::string& name) {
  const auto found = system_lookup(name);
  return found ? *found : std::vector<ip_address>();
}

result<addresses> shared(std::vector<ip_address> list) {
  return std::make_shared<const std::vector<ip_address>>(std::move(list));
}

}  // namespace

resolver::core::core(config::dns options, spdlog::logger& log, resolver_surroundings around)
    : options_(std::move(options)),
      around_(std::move(around)),
      log_(log),
      cache_(cache_limits(options_, around_.cache)),
      hosts_(around_.hosts),
      book_(options_, around_.resolv_conf, around_.system_port) {}

void resolver::core::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;  // a thread that looks up name servers may outlive the log
  assert(std::ranges::all_of(seats_, [](const auto& each) { return each == nullptr; }) &&
         "detach every worker first");
}

void resolver::core::attach(std::size_t worker, asio::io_context& loop) {
  const std::lock_guard lock(mutex_);
  if (seats_.size() <= worker) seats_.resize(worker + 1);
  seats_[worker] = std::make_unique<seat>(loop);
}

void resolver::core::detach(std::size_t worker) {
  std::unique_ptr<seat> gone;
  waiters stranded;
  {
    const std::lock_guard lock(mutex_);
    if (seat_of(worker) == nullptr) return;
    gone = std::move(seats_[worker]);
    move_flights(worker, stranded);
  }
  for (const auto& each : stranded) {
    each->answer = error_code(asio::error::operation_aborted);
    each->timer.cancel();
  }
  gone->running.clear();  // the lookups before the channels that they use
}

void resolver::core::move_flights(std::size_t from, waiters& stranded) {
  for (auto it = flights_.begin(); it != flights_.end();) {
    auto& [key, one] = *it;
    const auto leaving =
        std::stable_partition(one.waiting.begin(), one.waiting.end(),
                              [&](const auto& each) { return each->worker != from; });
    std::move(leaving, one.waiting.end(), std::back_inserter(stranded));
    one.waiting.erase(leaving, one.waiting.end());
    if (one.worker == from && one.waiting.empty()) {
      cache_.abandon(key);
      it = flights_.erase(it);
      continue;
    }
    if (one.worker == from) {
      one.worker = one.waiting.front()->worker;
      post_to(one.worker, [name = key, to = one.worker](core& self) { self.start(name, to); });
    }
    ++it;
  }
}

std::optional<result<addresses>> resolver::core::cached(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto time = now();
  if (auto known = local(key, time)) return known;
  auto found = cache_.find(key, time);
  using state = dns_cache::state;
  if (found.what == state::fresh || found.what == state::stale) return std::move(found.answer);
  // Somebody has to start the lookup, but only one.
  if (found.what == state::renewing && flights_.contains(key)) return std::move(found.answer);
  return std::nullopt;
}

resolver::core::joined resolver::core::join(const std::string& key, std::size_t worker, bool anew) {
  // Without a cache every lookup asks anew.
  if (anew && options_.cache_size == 0) return {make_error_code(errc::lookup_failed), nullptr};
  joined made;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    const auto time = now();
    auto* const here = seat_of(worker);
    if (here == nullptr) return {error_code(asio::error::operation_aborted), nullptr};
    if (auto known = local(key, time)) return {std::move(known), nullptr};
    auto found = anew ? cache_.find_anew(key, time) : cache_.find(key, time);
    using state = dns_cache::state;
    if (found.what == state::fresh || found.what == state::stale) {
      return {std::move(found.answer), nullptr};
    }
    auto [it, added] = flights_.try_emplace(key, flight{worker, {}});
    first = added;
    try {
      if (found.what == state::renewing) {
        made.answer = std::move(found.answer);
      } else {
        made.waiting = std::make_shared<waiter>(here->loop, worker);
        made.waiting->timer.expires_at(steady_timer::time_point::max());
        if (found.answer) made.waiting->timer.expires_after(around_.slow);
        made.waiting->expired = std::move(found.answer);
        it->second.waiting.push_back(made.waiting);
      }
    } catch (const std::bad_alloc&) {  // a flight that nobody starts would keep the name for ever
      if (added) {
        cache_.abandon(key);
        flights_.erase(it);
      }
      throw;
    }
  }
  if (first) start(key, worker);
  return made;
}

void resolver::core::refresh(const std::string& key, std::size_t worker) {
  {
    const std::lock_guard lock(mutex_);
    const auto time = now();
    if (options_.cache_size == 0 || seat_of(worker) == nullptr || local(key, time)) return;
    const auto what = cache_.find_anew(key, time).what;
    if (what == dns_cache::state::fresh || what == dns_cache::state::stale) return;
    if (!flights_.try_emplace(key, flight{worker, {}}).second) return;
  }
  start(key, worker);
}

result<addresses> resolver::core::conclude(const std::string& key, waiter& who,
                                           const error_code& ec) {
  if (who.answer) return *who.answer;
  bool begins = false;
  {
    const std::lock_guard lock(mutex_);
    leave(key, who);
    if (ec || !who.expired) return error_code(asio::error::operation_aborted);
    // Unless the lookup has ended just now, its successors need not wait at all.
    begins = flights_.contains(key) && cache_.slow(key, now());
  }
  if (begins) {
    log_.warn("serving expired answer for {}: no answer within {} ms", key, around_.slow.count());
  }
  return *who.expired;
}

std::optional<result<addresses>> resolver::core::local(std::string_view key, time_point now) {
  if (key.ends_with('.')) key.remove_suffix(1);
  if (key.empty()) return make_error_code(errc::no_such_name);
  if (const auto literal = ip_address::parse(key)) return shared({*literal});
  std::vector<ip_address> found;
  if (const auto* const known = hosts_.find(key, now)) {
    auto real = *known;
    const bool blocked = drop_null(real);
    if (blocked && real.empty()) return make_error_code(errc::null_address);
    found = arrange(real, options_.mode);
  }
  if (found.empty()) found = arrange(loopback(key), options_.mode);
  if (found.empty()) return std::nullopt;
  return shared(std::move(found));
}

resolver::core::seat* resolver::core::seat_of(std::size_t worker) {
  return worker < seats_.size() ? seats_[worker].get() : nullptr;
}

template <class Work>
void resolver::core::post_to(std::size_t worker, Work work) {
  asio::post(seat_of(worker)->loop, [self = self_, work = std::move(work)] {
    if (const auto alive = self.lock()) work(*alive);
  });
}

void resolver::core::leave(const std::string& key, const waiter& who) {
  const auto it = flights_.find(key);
  if (it == flights_.end()) return;
  std::erase_if(it->second.waiting, [&](const auto& each) { return each.get() == &who; });
}

void resolver::core::deliver(waiters to, const result<addresses>& answer) {
  for (auto& each : to) {
    auto& loop = seat_of(each->worker)->loop;
    // Who cannot be told, for want of memory, waits until its own limit.
    net::attempted([&] {
      asio::post(loop, [who = std::move(each), answer] {
        who->answer = answer;
        who->timer.cancel();
      });
    });
  }
}

void resolver::core::start(const std::string& key, std::size_t worker) {
  if (!net::attempted([&] { set_out(key, worker); })) abandon(key, worker);
}

// There was no memory for it: it fails for all who wait, and the next who asks begins anew.
void resolver::core::abandon(const std::string& key, std::size_t worker) noexcept {
  const std::lock_guard lock(mutex_);
  auto* const here = seat_of(worker);
  const auto it = flights_.find(key);
  if (here == nullptr || it == flights_.end() || it->second.worker != worker) return;
  auto waiting = std::move(it->second.waiting);
  flights_.erase(it);
  cache_.abandon(key);
  deliver(std::move(waiting), make_error_code(errc::lookup_failed));
}

void resolver::core::set_out(const std::string& key, std::size_t worker) {
  std::vector<std::string> names;
  std::shared_ptr<const upstream> ask;
  seat* here = nullptr;
  bool waiting = false;
  {
    const std::lock_guard lock(mutex_);
    here = seat_of(worker);
    const auto it = flights_.find(key);
    if (here == nullptr || it == flights_.end() || it->second.worker != worker) return;
    const auto time = now();
    names = book_.wanted(time);
    ask = book_.current(time);
    waiting = book_.is_waiting();
  }
  reap(worker);
  if (here->running.contains(key)) return;  // told twice
  auto done = [this, key, worker](dns_outcome outcome) { finish(key, worker, std::move(outcome)); };
  lookup_plan plan(options_.mode, search_candidates(key, ask->conf));
  auto made = std::make_unique<name_lookup>(here->loop, std::move(plan),
                                            name_lookup::limits{around_.total, around_.grace},
                                            std::move(done));
  const auto one = here->running.emplace(key, std::move(made)).first;
  if (!net::attempted([&] { begin(*here, *one->second, ask, waiting); })) {
    here->running.erase(one);
    return abandon(key, worker);
  }
  if (!names.empty()) look_up_servers(std::move(names));
}

void resolver::core::begin(seat& at, name_lookup& one, const std::shared_ptr<const upstream>& ask,
                           bool waiting) {
  if (ask->servers.list.empty()) {
    if (!waiting) one.give_up(make_error_code(errc::lookup_failed));
    return;
  }
  if (at.asked != ask || at.channels.empty() || at.channels.back()->is_deaf()) {
    auto servers = ask->servers;
    servers.timeout = around_.try_timeout.value_or(servers.timeout);
    std::erase_if(at.channels, [](const auto& each) { return each.use_count() == 1; });
    auto told = [this, count = servers.list.size()](const server_report& what) {
      note(what, count);
    };
    at.channels.push_back(std::make_shared<ares_channel>(at.loop, servers, std::move(told)));
    at.asked = ask;
  }
  one.begin(at.channels.back());
}

void resolver::core::finish(const std::string& key, std::size_t worker, dns_outcome outcome) {
  const auto why = outcome.ec;
  net::attempted([&] {
    log_.debug("lookup done name={} addresses={} ttl={} error={}", key, outcome.found.size(),
               outcome.ttl.value_or(std::chrono::seconds(0)).count(), why ? describe(why) : "none");
  });
  const bool landed = net::attempted([&] {
    if (land(key, worker, std::move(outcome))) {
      log_.warn("serving expired answer for {}: {}", key, describe(why));
    }
  });
  if (!landed) abandon(key, worker);
  // The caller is the lookup itself: it goes when it is off the stack, at the latest when the next
  // one begins.
  net::attempted([&] {
    const std::lock_guard lock(mutex_);
    if (seat_of(worker) == nullptr) return;
    post_to(worker, [worker](core& self) { self.reap(worker); });
  });
}

/// Whether the name is served expired from now on.
bool resolver::core::land(const std::string& key, std::size_t worker, dns_outcome outcome) {
  const std::lock_guard lock(mutex_);
  const auto it = flights_.find(key);
  if (seat_of(worker) == nullptr || it == flights_.end() || it->second.worker != worker) {
    return false;
  }
  auto stored = cache_.store(key, std::move(outcome), now());
  auto waiting = std::move(it->second.waiting);
  flights_.erase(it);
  deliver(std::move(waiting), stored.answer);
  return stored.stale_begins;
}

void resolver::core::reap(std::size_t worker) {
  seat* here = nullptr;
  {
    const std::lock_guard lock(mutex_);
    here = seat_of(worker);
  }
  if (here == nullptr) return;
  std::erase_if(here->running, [](const auto& each) { return each.second->is_over(); });
}

void resolver::core::look_up_servers(std::vector<std::string> names) {
  const auto lookup = around_.system_lookup ? around_.system_lookup : ask_system;
  try {
    // Not joined: the C library may take half a minute, and nobody should wait for it at the end.
    std::thread([self = self_, lookup, names] {
      name_map<std::vector<ip_address>> found;
      for (const auto& each : names) found.emplace(each, lookup(each));
      if (const auto alive = self.lock()) alive->servers_found(std::move(found));
    }).detach();
  } catch (const std::system_error&) {
    servers_found({});
  }
}

void resolver::core::servers_found(name_map<std::vector<ip_address>> found) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  for (const auto& [name, list] : found) {
    if (list.empty()) log_.warn("name server {}: the system cannot resolve its name", name);
  }
  book_.resolved(std::move(found), now());
  for (std::size_t worker = 0; worker < seats_.size(); ++worker) {
    if (seats_[worker] == nullptr) continue;
    post_to(worker, [worker](core& self) { self.begin_waiting(worker); });
  }
}

void resolver::core::begin_waiting(std::size_t worker) {
  std::shared_ptr<const upstream> ask;
  seat* here = nullptr;
  {
    const std::lock_guard lock(mutex_);
    here = seat_of(worker);
    if (here == nullptr) return;
    ask = book_.current(now());
  }
  for (const auto& [key, one] : here->running) {
    if (!one->begun() && !one->is_over()) begin(*here, *one, ask, false);
  }
}

void resolver::core::note(const server_report& what, std::size_t servers) {
  std::optional<std::string> line;
  {
    const std::lock_guard lock(mutex_);
    line = trouble_.line_for(what, servers, now());
  }
  if (line) log_.warn(*line);
}

resolver::core::time_point resolver::core::now() const {
  return around_.now ? around_.now() : std::chrono::steady_clock::now();
}

}  // namespace relay::names
