#pragma once

#include "reach.hpp"

#include <relay/forward/connection.hpp>
#include <relay/forward/lane.hpp>
#include <relay/forward/warm_connection.hpp>
#include <relay/transport/layers.hpp>
#include <relay/wire/proxy.hpp>

#include <chrono>
#include <exception>
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

/// What is known of a client beyond its address when its remote is dialled. Only where a rule asks
/// its clients something, or a limit has kept this one waiting.
struct connection::introduction {
  std::chrono::steady_clock::time_point done;  // from here on counts what dialling takes; as since_
  std::size_t chosen = 0;                      // by a hook: this remote and no other, but for 0
  std::optional<wire::proxy_addresses> told;   // by a PROXY header
  std::string said;                            // by a visitor, before it was known for one
  std::chrono::milliseconds waited{0};         // for a place below `max_connections`
  bool is_killed = false;                      // by an operator
};

template <class Work>
void connection::guarded(Work work) noexcept {
  try {
    work();
  } catch (const std::exception& e) {
    tell_of_fault(e);
    broke();
  }
}

/// The streams over the two sockets, where they are not bare or not the connection's own.
struct connection::wrapping {
  explicit wrapping(transport::plain_stream& from) : client(from) {}

  transport::layered client;
  std::unique_ptr<warm_connection> warm;     // in place of the connection's own socket
  std::optional<transport::layered> remote;  // made anew for each attempt
};

}  // namespace relay::forward
