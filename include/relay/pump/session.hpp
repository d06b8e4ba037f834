#pragma once

#include <relay/net/poller.hpp>
#include <relay/net/timer_wheel.hpp>
#include <relay/pump/direction.hpp>
#include <relay/pump/session_end.hpp>
#include <relay/pump/workspace.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>

namespace relay::pump {

/// Moves bytes both ways between two streams until both sides are done. It borrows the streams;
/// both must live as long as it does. Plain data between wake-ups.
class session final : public net::waiter, public net::timer {
 public:
  /// `ended` is told once, when the session is over; the streams then only want to be closed. May
  /// destroy it.
  class owner {
   public:
    /// Told once, when the first of what the remote says has been passed on. Must not end it.
    virtual void answered(session& /*by*/) {}
    virtual void ended(session& over, session_end why, const error_code& ec) = 0;
    /// In place of `ended`: it has met an exception, and both peers see a reset. Must not throw.
    virtual void broke(session& over, const std::exception& /*why*/) {
      ended(over, session_end::fault, {});
    }

   protected:
    ~owner() = default;
  };

  /// `half_close_timeout`: how long one direction may be idle after the other has ended; 0: not at
  /// all, both are closed at once. `idle_timeout`: how long both may be idle; 0: for ever.
  /// `moderated`: directions that move much may be woken less often.
  session(workspace& shared, owner& told, std::chrono::milliseconds half_close_timeout,
          std::chrono::milliseconds idle_timeout = std::chrono::milliseconds(0),
          bool moderated = true) noexcept;
  ~session();

  /// Keeps it to the rates of its endpoint, which outlive it. Before it starts.
  void limit(byte_rates& by);
  /// Begins; everything that happens from here on happens in the run list. `heard`: what the remote
  /// has sent and somebody has read already, at most `buffer_bytes`; `said`: the same of the
  /// client.
  void start(transport::stream& client, transport::stream& remote,
             std::span<const std::byte> heard = {}, std::span<const std::byte> said = {});
  /// Ends it now: both peers see a reset. The owner is not told.
  void abort() noexcept;

  bool has_started() const noexcept { return client_ != nullptr; }
  std::uint64_t up() const noexcept { return up_.moved(); }      ///< bytes client to remote
  std::uint64_t down() const noexcept { return down_.moved(); }  ///< bytes remote to client
  /// The client has ended, the remote has not and has not sent anything.
  bool is_unanswered() const noexcept {
    return up_.is_done() && !down_.is_done() && down_.moved() == 0;
  }
  /// It has ended with bytes that a peer had sent and the other has not got; as far as is known.
  bool has_lost_bytes() const noexcept { return has_lost_; }

 private:
  // Whose socket has failed, and how. Rare, so it is not kept in place.
  struct failure {
    bool at_client = false;
    error_code ec;
  };

  // Only where there are rates.
  struct throttles {
    throttle up;
    throttle down;
  };

  void wake() override;
  void expired() override;
  void go_on();
  void look_at_limits();
  template <class Work>
  void guarded(Work work) noexcept;
  /// Runs one direction; false when the session is over.
  bool step(direction& way, bool is_up, bool& more);
  bool direction_ended(bool is_up);
  bool end_in_order();
  bool sink_failed(direction& way, bool is_up, const error_code& why);
  /// Looks for a reset on a side that nobody reads from at the moment.
  bool notice_reset(bool at_client);
  void remember(bool at_client, const error_code& ec);
  /// Begins to count idleness, or begins anew.
  void limit_idleness();
  /// The timer for the next limit, after `idle` of silence; returns now.
  net::timer_wheel::moment await_limit(std::chrono::milliseconds idle);
  std::chrono::milliseconds idle_time() const;
  bool is_half_open() const noexcept { return up_.is_done() || down_.is_done() || failure_; }
  bool half_close_expired();
  bool idle_expired();
  bool waits_for_its_turn() const noexcept;
  bool is_delivering();
  void go_on_delivering();
  bool fail(bool at_client, const error_code& ec);
  void end(session_end why, const error_code& ec);

  transport::stream& stream_of(bool client) noexcept { return client ? *client_ : *remote_; }

  workspace& shared_;
  owner& owner_;
  transport::stream* client_ = nullptr;
  transport::stream* remote_ = nullptr;
  direction up_;
  direction down_;
  std::uint32_t half_close_ms_;
  std::uint32_t idle_ms_;                        // 0: no limit
  net::timer_wheel::moment last_moved_ = 0;      // kept while idleness is limited
  std::uint32_t last_unsent_ = 0;                // at the end of `idle_ms_`
  session_end first_ = session_end::client_eof;  // who was done first, once somebody is
  bool has_lost_ = false;
  bool delivering_ = false;  // it has failed; the other side still gets what is its
  std::unique_ptr<failure> failure_;
  std::unique_ptr<throttles> throttles_;
};

}  // namespace relay::pump
