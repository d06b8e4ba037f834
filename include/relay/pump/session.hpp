#pragma once

#include <relay/net/poller.hpp>
#include <relay/net/timer_wheel.hpp>
#include <relay/pump/direction.hpp>
#include <relay/pump/end_reason.hpp>
#include <relay/pump/workspace.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace relay::pump {

/// Moves bytes both ways between two streams until both sides are done. It borrows the streams;
/// both must live as long as it does. Plain data between wake-ups.
class session final : public net::waiter, public net::timer {
 public:
  /// Told once when the session is over; the streams then only want to be closed. May destroy it.
  class owner {
   public:
    virtual void ended(session& over, end_reason why, const error_code& ec) = 0;

   protected:
    ~owner() = default;
  };

  /// `half_close_timeout`: how long one direction may be idle after the other has ended; 0: not at
  /// all, both are closed at once.
  session(workspace& shared, owner& told, std::chrono::milliseconds half_close_timeout) noexcept;
  ~session();

  /// Begins; everything that happens from here on happens in the run list.
  void start(transport::stream& client, transport::stream& remote);
  /// Ends it now: both peers see a reset. The owner is not told.
  void abort() noexcept;

  std::uint64_t up() const noexcept { return up_.moved(); }      ///< bytes client to remote
  std::uint64_t down() const noexcept { return down_.moved(); }  ///< bytes remote to client

 private:
  void wake() override;
  void expired() override;
  /// Runs one direction; false when the session is over.
  bool step(direction& way, bool is_up, bool& more);
  bool direction_ended(bool is_up);
  bool sink_failed(direction& way, bool is_up, const error_code& why);
  bool notice_resets();
  void wait_for_other_direction();
  void end(end_reason why, const error_code& ec);
  bool fail(bool at_client, const error_code& ec);

  workspace& shared_;
  owner& owner_;
  transport::stream* client_ = nullptr;
  transport::stream* remote_ = nullptr;
  direction up_;
  direction down_;
  std::uint32_t half_close_ms_;
  std::uint32_t last_moved_ = 0;           // tick, kept while half closed
  end_reason first_ = end_reason::count_;  // who was done first, or whose socket has failed
  std::unique_ptr<error_code> failure_;    // of the sink that has failed; rare, so not in place
};

}  // namespace relay::pump
