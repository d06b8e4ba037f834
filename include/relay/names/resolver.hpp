#pragma once

#include <relay/base/error.hpp>
#include <relay/config/config.hpp>
#include <relay/names/addresses.hpp>
#include <relay/names/dns_cache.hpp>
#include <relay/net/asio.hpp>

#include <boost/asio/io_context.hpp>
#include <spdlog/fwd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relay::names {

/// What a resolver takes from around it, and the bounds it keeps; tests give their own.
struct resolver_surroundings {
  std::string resolv_conf = "/etc/resolv.conf";
  std::string hosts = "/etc/hosts";
  std::uint16_t system_port = 53;          ///< of resolv.conf's name servers
  std::chrono::milliseconds slow{300};     ///< then an expired answer is served
  std::chrono::milliseconds total{10000};  ///< one lookup, whatever the name servers do
  std::chrono::milliseconds grace{1000};   ///< for one family when the other has answered
  std::optional<std::chrono::milliseconds> try_timeout;  ///< instead of 2 s or resolv.conf's
  dns_cache::limits cache;  ///< capacity and TTL bounds come from the configuration
  std::function<std::chrono::steady_clock::time_point()> now;  ///< empty: the steady clock
  /// Addresses of a name server that is given by name; may block. Empty: getaddrinfo.
  std::function<std::vector<ip_address>(const std::string&)> system_lookup;
};

/// Turns names into addresses for all workers: hosts file, cache, name servers. One per process;
/// its one mutex is taken once per connection. Lookups run on the worker that asked first; whoever
/// asks for the same name meanwhile, on any worker, waits for the same lookup. Reads resolv.conf
/// and hosts when they are first needed and again when they have changed.
class resolver {
 public:
  resolver(config::dns options, spdlog::logger& log, resolver_surroundings around = {});
  /// Every worker has been detached.
  ~resolver();
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;

  /// Before a worker's first lookup. `loop` outlives the matching `detach`.
  void attach(std::size_t worker, asio::io_context& loop);
  /// On that worker, or after its loop has ended. Who waits there gets operation_aborted; lookups
  /// that ran there and are awaited elsewhere start again on another worker.
  void detach(std::size_t worker);

  /// What is known without asking anybody: a literal, the hosts file, the cache (an expired answer
  /// too while a name cannot be looked up; errors too). Nothing when a lookup is needed, even if
  /// `lookup` would only start it and answer at once.
  std::optional<result<addresses>> cached(std::string_view name);

  /// For coroutines of this worker. Cancellation (operation_aborted) ends only this waiting; the
  /// lookup goes on for others and for the cache. Fails with errc::no_such_name, no_address,
  /// lookup_failed or timed_out.
  task<result<addresses>> lookup(std::string name, std::size_t worker);

  /// For a coroutine of this worker that has tried all addresses of a name in vain: what the name
  /// stands for now, whatever its TTL was. Asks at most once a second and name, however many ask on
  /// whatever workers; the others get that answer. Name servers that fail, or are slow, leave the
  /// old one.
  task<result<addresses>> lookup_anew(std::string name, std::size_t worker);
  /// The same for who does not wait: on this worker; the answer will be found by `cached`.
  void refresh(std::string_view name, std::size_t worker);

 private:
  class core;
  std::shared_ptr<core> core_;  // shared with the thread that looks up name servers' own names
};

}  // namespace relay::names
