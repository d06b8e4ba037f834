#pragma once

#include <relay/forward/dial_plan.hpp>
#include <relay/names/addresses.hpp>
#include <relay/net/asio.hpp>
#include <relay/net/timeout.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// Inside of `forward` only.
namespace relay::forward {

class lane;
struct rule;

/// What differs between dialling for a client and dialling ahead of clients.
class dial_site {
 public:
  /// Of `connect_limit`: 0 is no limit, nothing is no time.
  virtual std::optional<std::chrono::milliseconds> time_left() const = 0;
  /// Set when the remote is not wanted any more.
  virtual std::optional<step_outcome> departed() = 0;
  /// `anew`: past the cache.
  virtual task<result<names::addresses>> look_up(const std::string& host, bool anew) = 0;
  /// Connects to one address and does whatever comes before the payload. `has_next`: there is
  /// another one to be tried if this one fails.
  virtual task<step_outcome> attempt(ip_endpoint to, bool has_next) = 0;

 protected:
  ~dial_site() = default;
};

/// Carries out the plan for a name: the one dialling loop.
task<step_outcome> reach(lane& on, dial_site& by, dial_plan plan, const std::string& host,
                         std::uint16_t port);

/// Asks the resolver of this process, for as long as `patience` lasts.
task<result<names::addresses>> ask_for(lane& on, const std::string& host, bool anew,
                                       net::patience& patience);

/// How long a connect to `to` may take. Nothing: it must not be tried, and `made` says why.
std::optional<std::chrono::milliseconds> connect_time(const rule& by, const ip_endpoint& to,
                                                      std::optional<std::chrono::milliseconds> left,
                                                      step_outcome& made);

/// The shorter of two limits of which 0 means none.
std::chrono::milliseconds shorter(std::chrono::milliseconds a,
                                  std::chrono::milliseconds b) noexcept;

/// What is left of a `connect_limit` that began then, both times the worker's own: 0 is no limit,
/// nothing is no time.
std::optional<std::chrono::milliseconds> left_of(
    std::chrono::milliseconds limit, std::chrono::steady_clock::time_point begun,
    std::chrono::steady_clock::time_point now) noexcept;

}  // namespace relay::forward
