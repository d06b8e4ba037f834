#pragma once

#include <relay/base/ip.hpp>
#include <relay/forward/dial_plan.hpp>
#include <relay/forward/rule.hpp>
#include <relay/forward/session_log.hpp>
#include <relay/forward/sessions.hpp>
#include <relay/forward/step_outcome.hpp>
#include <relay/names/addresses.hpp>
#include <relay/net/asio.hpp>
#include <relay/net/connecting.hpp>
#include <relay/pump/session.hpp>
#include <relay/transport/plain_stream.hpp>
#include <relay/wire/proxy.hpp>

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relay::forward {

class lane;

using lane_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<struct lane_tag>>;

/// One client from accept to its last line: hear what it has to show, dial the remote, greet that,
/// pump, say how it ended. Belongs to a lane, which destroys it when it is over.
class connection final : public lane_hook, private pump::session::owner {
 public:
  /// `nth`: which port of the endpoint's range it came to, from 0.
  connection(lane& home, rule& by, std::uint16_t nth, const ip_endpoint& client, std::uint64_t id);
  ~connection();

  rule& by() noexcept { return rule_->own(); }
  const rule& by() const noexcept { return rule_->own(); }
  /// What has been moved so far, up and down.
  std::uint64_t up() const noexcept { return pump_.up(); }
  std::uint64_t down() const noexcept { return pump_.down(); }

  std::uint64_t id() const noexcept { return id_; }
  session_info info() const;

  /// Begins with an accepted descriptor.
  void start(unique_fd client) noexcept;
  /// Whether no coroutine of it is under way, as while a name is looked up, or a handshake takes
  /// its time.
  bool can_abort() const noexcept { return dialing_ || pump_.has_started(); }
  /// Ends it now, as a reset to both sides. A coroutine of it must have been joined.
  void abort() noexcept { stop(end_reason::shutdown); }
  /// Ends it since an operator wants that: now, or, while a coroutine is at work for it, as soon as
  /// that notices.
  void kill() noexcept;

 private:
  class departure;
  struct dialing;
  class dialler;
  struct introduction;
  struct wrapping;

  // Before anything is dialled.
  void set_off(unique_fd client);
  void note_waiting();
  task<> meet_client();
  task<std::optional<step_outcome>> consult_hook();
  task<std::optional<step_outcome>> hear_proxy();
  task<std::optional<step_outcome>> unwrap_client();
  void tell_of_certificate();
  void hand_over(const char* phase, std::string_view why, std::string said);
  /// Who the client is: what a PROXY header told, else who is connected here.
  const ip_endpoint& source() const noexcept;
  client_name name() const;
  /// For lines about the remote that was chosen.
  path_name path() const noexcept { return {*rule_, chosen_, nth_}; }
  /// For lines about the endpoint, which its main remote stands for.
  path_name main_path() const noexcept { return {*rule_, 0, nth_}; }

  // A connection that was made ahead.
  bool take_warm(std::size_t index);
  bool use_warm(route::claim& by);
  task<std::optional<step_outcome>> reach_warm(std::size_t index);
  bool is_warm() const noexcept;
  /// The remote's socket, the connection's own or one that was made ahead.
  transport::plain_stream& remote_side() noexcept;

  /// Picks a remote and takes the shortest way there; true: no coroutine is needed.
  bool set_out(std::chrono::steady_clock::time_point now, route::claim& by);
  void dial(route::claim by, const ip_endpoint& to);
  void dialled(const ip_endpoint& to, const error_code& ec);
  void go_on(route::claim failed, const step_outcome& why);
  task<> establish(route::claim by, balance::tried_set tried, std::unique_ptr<step_outcome> first);
  task<step_outcome> reach(std::size_t index);
  task<step_outcome> reach_name(std::size_t index, dial_plan plan);
  task<step_outcome> attempt(ip_endpoint to, bool has_next);
  task<result<names::addresses>> look_up(const std::string& host, bool anew);
  task<step_outcome> wrap_remote(ip_endpoint to);
  void report(route::claim& failed, const step_outcome& how, bool is_first);

  // A client that leaves while its remote is dialled.
  bool has_left();
  step_outcome departed();
  void leave();
  bool is_killed() const noexcept;
  std::optional<ip_endpoint> known_address(const remote& of) const;
  /// Of `connect_limit`: 0 is no limit, nothing is no time.
  std::optional<std::chrono::milliseconds> time_left() const;

  void established(const ip_endpoint& as);
  /// How long ago dialling began.
  std::uint32_t since_dialling() const;
  session_times times() const;
  // Once the remote is connected.
  void greet_remote();
  task<> go_on_greeting(wire::proxy_bytes header, std::size_t sent);
  void greeted(const error_code& ec);
  wire::proxy_bytes header() const;
  void begin();

  void answered(pump::session& by) override;
  void ended(pump::session& over, pump::session_end how, const error_code& ec) override;
  void broke(pump::session& over, const std::exception& why) override;
  void spawn(task<> work);
  /// For what is called from outside of a coroutine: an exception ends this connection only.
  template <class Work>
  void guarded(Work work) noexcept;
  void stop(end_reason why) noexcept;
  /// After an exception.
  void broke() noexcept { stop(end_reason::internal_error); }
  void tell_of_fault(const std::exception& why) noexcept;
  void fail(const step_outcome& why);
  /// Whatever fails on the way: its place is given back.
  void finish(end_reason why, const error_code& ec, const std::string& detail = {}) noexcept;
  void tell_of_end(end_reason why, const error_code& ec, const std::string& detail);

  lane& lane_;
  rule_hold rule_;  // another one from the moment on when the client turns out to be a visitor
  std::uint16_t nth_;
  std::uint16_t chosen_ = 0;  // which of the rule's remotes
  ip_endpoint peer_;
  std::uint64_t id_;
  // In tenths of a millisecond, since dialling began; small, since there are many connections.
  static constexpr std::uint32_t never = UINT32_MAX;
  std::uint32_t connected_after_ = never;
  std::uint32_t answered_after_ = never;
  std::chrono::steady_clock::time_point since_;  // the worker's own time
  transport::plain_stream client_;
  transport::plain_stream remote_;
  std::unique_ptr<introduction> introduction_;  // where the rule asks for one, or it had to wait
  std::unique_ptr<dialing> dialing_;            // only while a known address is being connected
  std::unique_ptr<wrapping> wrapping_;          // only where there is TLS or WebSocket
  pump::session pump_;
};

}  // namespace relay::forward
