#pragma once

#include <relay/net/timer_wheel.hpp>
#include <relay/resume/carrier.hpp>
#include <relay/resume/machine.hpp>
#include <relay/transport/stream.hpp>
#include <relay/wire/resume.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace relay::resume {

/// How a session is to be kept.
struct terms {
  machine_limits machine{};
  std::chrono::milliseconds timeout{std::chrono::minutes(5)};      ///< without a carrier
  std::chrono::milliseconds dead_after{std::chrono::seconds(20)};  ///< of silence of a carrier
  std::string secret{};           ///< that both ends prove to know; empty: none
  bool allows_no_secret = false;  ///< the other end may have none all the same
};

/// A stream that survives what carries it. It owns its carrier, which may be lost or replaced at
/// any time; meanwhile what is written is kept, as far as the window goes, and nothing comes. It
/// fails only when no carrier has come for too long, or when the other end says that the session is
/// gone. Idle it holds nothing beside itself.
///
/// A reader that asks for more says that everything it was given before is with its sink: that is
/// what is acknowledged. `pump::direction` reads in that way.
class resumable_stream final : public transport::stream, private net::timer {
 public:
  /// What somebody has to do, or to tell. None of it may destroy the stream.
  class owner {
   public:
    /// There is no carrier any more; `why` may say more than nothing.
    virtual void carrier_lost(const error_code& why) = 0;
    /// The other end has answered on the carrier that it was given last.
    virtual void carrier_agreed() {}
    /// It does not go on with the session; a literal.
    virtual void refused(std::string_view /*why*/) {}

   protected:
    ~owner() = default;
  };

  resumable_stream(net::poller& poller, net::timer_wheel& wheel, terms with, owner& told);
  resumable_stream(const resumable_stream&) = delete;
  resumable_stream& operator=(const resumable_stream&) = delete;
  ~resumable_stream() override;

  // Each replaces the carrier that there is.
  /// Own encoding, as the one who dials: `id` is the session's. It says hello on it.
  void attach_dialled(std::unique_ptr<carrier> by, const wire::resume_id& id);
  /// Own encoding, as the one who listens: after the greeting and the hello.
  void attach_accepted(std::unique_ptr<carrier> by, const wire::resume_greeting& greeting,
                       const wire::resume_hello& hello);
  /// RTunnel's: the upgrade is done, and the uppermost layer keeps messages.
  void attach_messages(std::unique_ptr<carrier> by);
  /// Ends it: the other end is gone for good.
  void fail(const error_code& why);

  bool has_carrier() const noexcept { return carrier_ != nullptr; }
  /// No server has accepted it yet.
  bool is_first() const noexcept { return is_first_; }
  /// Nothing more will be said on either side.
  bool is_complete() const noexcept { return machine_.is_complete(); }
  bool has_failed() const noexcept { return static_cast<bool>(fatal_); }
  bool was_aborted() const noexcept { return aborted_; }
  bool holds_memory() const noexcept {
    return machine_.holds_memory() || inbox_.capacity() > 0 ||
           (carrier_ && !carrier_->come.empty());
  }
  /// Says what is left to be said, and hears what the other end says to that; payload that comes is
  /// not taken.
  void settle();
  /// Nothing is left to be said here,
  bool has_said_all() const noexcept;
  /// nor there.
  bool peer_is_done() const noexcept { return machine_.peer_is_done() || machine_.was_reset(); }

  void notify(net::waiter* whom) noexcept override;
  transport::io_result read_some(std::span<std::byte> into) override;
  transport::io_result write_some(std::span<std::byte> data) override;
  transport::io_result flush() override;
  /// Done when the other end has taken everything.
  transport::io_result shutdown_write() override;
  error_code broken() override;
  std::size_t unsent() override;
  void abort() noexcept override;

 private:
  struct digested {
    std::size_t payload = 0;
    std::uint32_t work = 0;
    bool is_bad = false;
  };
  void attach(std::unique_ptr<carrier> by);
  void expired() override;
  void arm();
  void check_carrier();
  void lost(const error_code& why);
  void drop_carrier() noexcept;
  void push();
  void acknowledge(bool now);
  transport::io_result receive(std::span<std::byte> into);
  digested digest(std::span<std::byte> bytes);
  void read_ahead();
  bool read_once(std::span<std::byte> room);
  transport::io_result from_inbox(std::span<std::byte> into);
  transport::io_result without_carrier();
  transport::io_result end_of_peer();
  bool hear_handshake();
  bool hear_greeting();
  bool hear_accept();
  bool hear_refusal();
  void say_hello(const wire::resume_greeting* greeting);
  bool refuse(std::string_view why);
  void wake_user();
  bool is_gone_in_order() const noexcept {
    return fatal_ == errc::session_gone && machine_.unacknowledged() == 0;
  }
  bool is_own() const noexcept { return terms_.machine.as == encoding::own; }

  net::poller& poller_;
  net::timer_wheel& wheel_;
  owner& owner_;
  net::waiter* whom_ = nullptr;
  terms terms_;
  machine machine_;
  std::unique_ptr<carrier> carrier_;
  std::vector<std::byte> inbox_;  // payload that came while nobody read
  std::size_t inbox_at_ = 0;
  std::size_t peer_window_ = 0;  // as it has said
  error_code fatal_;
  std::uint64_t generation_ = 0;  // of the server that has accepted it; 0: none has
  // The handshake of the one who dials.
  struct dialling {
    wire::resume_id id{};
    wire::resume_greeting greeting;
    wire::resume_hello hello;
    bool has_said = false;
  };
  std::unique_ptr<dialling> dialling_;
  net::timer_wheel::moment quiet_since_ = 0;  // of the carrier, or without one
  bool heard_ = false;                        // something came since the timer last looked
  bool pinged_ = false;
  bool ack_waits_ = false;
  bool was_read_ = false;    // since the last flush
  bool wants_room_ = false;  // a write found the window full
  bool is_first_ = true;
  bool aborted_ = false;
  bool told_broken_ = false;
};

}  // namespace relay::resume
