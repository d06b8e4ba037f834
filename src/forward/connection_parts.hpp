#pragma once

#include <relay/forward/connection.hpp>
#include <relay/forward/warm_connection.hpp>
#include <relay/transport/layers.hpp>
#include <relay/wire/proxy.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

/// What the files of `connection` share; inside of `forward` only.
namespace relay::forward {

/// Looks after a client while its remote is dialled and nobody reads from it.
class connection::departure final : public net::waiter {
 public:
  /// `then` is called once, from the run list, when the client has left; it may destroy this.
  departure(connection& of, std::function<void()> then);
  /// Gives up the remote's socket then: the step that waits for it fails.
  explicit departure(connection& of);
  ~departure();

 private:
  void wake() override;

  connection& of_;
  std::function<void()> then_;
};

/// A connect to a known address, without a coroutine.
struct connection::dialing {
  route::claim by;
  net::connecting socket;
  departure client;
};

/// How an attempt ended: where it is connected to, or what went wrong and in which phase.
struct connection::outcome {
  pump::end_reason why = pump::end_reason::connect_failed;
  const char* phase = "connecting";
  error_code ec;
  ip_endpoint at;
  bool cut_short = false;  // by `connect_limit`, before its own limit was over
  std::string more{};      // says more than `ec`
  bool is_told = false;    // the line of the session is enough
};

/// What is known of a client beyond its address when its remote is dialled. Only where a rule asks
/// its clients something.
struct connection::introduction {
  std::chrono::steady_clock::time_point done;  // from here on counts what dialling takes; as since_
  std::size_t chosen = 0;                      // by a hook: this remote and no other, but for 0
  std::optional<wire::proxy_addresses> told;   // by a PROXY header
  std::string said;                            // by a visitor, before it was known for one
};

/// The shorter of two limits of which 0 means none.
inline std::chrono::milliseconds shorter(std::chrono::milliseconds a,
                                         std::chrono::milliseconds b) noexcept {
  if (a.count() == 0 || b.count() == 0) return std::max(a, b);
  return std::min(a, b);
}

/// What is left of a `connect_limit` that began then, both times the worker's own: 0 is no limit,
/// nothing is no time.
inline std::optional<std::chrono::milliseconds> left_of(
    std::chrono::milliseconds limit, std::chrono::steady_clock::time_point begun,
    std::chrono::steady_clock::time_point now) noexcept {
  using std::chrono::milliseconds;
  if (limit.count() == 0) return limit;
  const auto spent = std::chrono::duration_cast<milliseconds>(now - begun);
  if (spent >= limit) return std::nullopt;
  return limit - spent;
}

/// The streams over the two sockets, where they are not bare or not the connection's own.
struct connection::wrapping {
  explicit wrapping(transport::plain_stream& from) : client(from) {}

  transport::layered client;
  std::unique_ptr<warm_connection> warm;     // in place of the connection's own socket
  std::optional<transport::layered> remote;  // made anew for each attempt
};

}  // namespace relay::forward
