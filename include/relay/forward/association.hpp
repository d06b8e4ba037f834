#pragma once

#include <relay/forward/flow_table.hpp>
#include <relay/forward/loop_watch.hpp>
#include <relay/forward/session_log.hpp>
#include <relay/forward/sessions.hpp>
#include <relay/net/poller.hpp>
#include <relay/pump/datagrams.hpp>
#include <relay/pump/policer.hpp>
#include <relay/pump/replies.hpp>

#include <cstdint>
#include <memory>
#include <span>

namespace relay::forward {

class associations;
class datagram_inlet;

/// One client's datagrams: a socket of its own towards the remote, open to answers from anywhere
/// (full cone), and the way back through the listener that the client used. It has no buffer.
/// Belongs to `associations`.
class association final : public flow, public net::waiter, private pump::reply_source {
 public:
  association(associations& home, datagram_inlet& by, const flow_key& key,
              const socket_address& client, std::size_t remote, std::uint64_t id);

  const socket_address& client() const noexcept { return client_; }
  datagram_inlet& inlet() const noexcept { return inlet_; }
  std::size_t remote() const noexcept { return remote_; }  ///< index into the rule's
  path_name path() const noexcept;                         ///< for lines about it
  std::uint64_t id() const noexcept { return id_; }
  session_info info() const;

  /// Whether it has a socket and knows its way, as of a target's version.
  bool is_open(std::uint32_t version) const noexcept {
    return socket_.fd() >= 0 && version_ == version;
  }
  /// Takes a socket, in place of the one it had, if any.
  error_code open(unique_fd made, const ip_endpoint& to, std::uint32_t version);
  /// The same socket, another address of the same family.
  void redirect(const ip_endpoint& to, std::uint32_t version);
  bool was_never_open() const noexcept { return to_.any.sa_family == AF_UNSPEC; }
  int family() const noexcept { return socket_.fd() < 0 ? 0 : to_.any.sa_family; }

  /// Gives its socket away.
  unique_fd release() noexcept { return socket_.release(); }
  /// Closes it, since it will not send any more; the next datagram wants a new one.
  void close() noexcept { socket_.close(); }

  /// Client to remote. It is open. What the rates do not allow is taken out of `runs`. The outcome
  /// of what is left; where an address cannot be reached at all, another one has been tried.
  pump::send_outcome send(std::span<pump::datagram_run> runs);
  /// Whether a datagram to, or from, that place is one of its own remote as it knows it.
  bool is_at(const socket_address& place) const noexcept;
  /// Whether the client's datagrams go round between relays; asked only where that may be.
  loop_watch::verdict watch_for_loops(const pump::datagram_run& next);
  bool may_be_a_relay() const noexcept { return may_be_a_relay_; }

  /// The datagrams of one batch that are this client's, linked by index; see associations.
  std::uint8_t first = 0;
  std::uint8_t last = 0;
  bool in_batch = false;

  struct traffic {
    std::uint64_t bytes = 0;
    std::uint64_t datagrams = 0;
  };
  const traffic& up() const noexcept { return up_; }
  const traffic& down() const noexcept { return down_; }
  flow_table::clock::time_point since() const noexcept { return since_; }

 private:
  void wake() override;  // answers, and errors
  bool hear_refusals();
  bool is_welcome(const socket_address& from);
  pump::send_outcome deliver(std::span<const pump::datagram_run> runs);
  pump::send_outcome send_some(std::span<const pump::datagram_run> runs, bool with_header);
  pump::send_outcome send_after_header(std::span<const pump::datagram_run> runs);
  void answer(std::span<const pump::arrival> answers);
  void answer_one();
  void replied(const pump::send_outcome& how) override;
  /// Without what is above the rate; the runs are changed in place.
  std::span<pump::datagram_run> policed(bool is_up, std::span<pump::datagram_run> runs);

  struct policers {
    pump::policer up;
    pump::policer down;
  };

  associations& home_;
  datagram_inlet& inlet_;
  net::watch socket_;
  pump::receiving reading_;
  bool cuts_up_ = true;
  bool cuts_down_ = true;
  bool is_told_ = false;  // the remote has been sent a PROXY header
  bool is_strict_;        // strangers are not welcome
  bool may_be_a_relay_;   // the client
  std::uint32_t remote_;
  std::uint32_t version_ = 0;
  std::uint64_t id_;
  flow_table::clock::time_point since_;
  socket_address client_;
  socket_address to_;
  loop_watch loops_;
  traffic up_;
  traffic down_;
  std::unique_ptr<policers> policers_;  // only where there are rates
};

}  // namespace relay::forward
