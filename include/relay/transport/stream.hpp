#pragma once

#include <relay/base/error.hpp>
#include <relay/net/poller.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace relay::transport {

enum class io : std::uint8_t {
  moved,        ///< `bytes` were moved, at least one; a read that says `again` may have found none
  blocked,      ///< nothing now; the waiter is woken when it is worth trying again
  end,          ///< reads: the peer has ended its direction; `ec`: though not as it should
  failed,       ///< `ec` says why; the stream is of no use any more
  unsupported,  ///< splice: this stream's payload never lies bare on a descriptor
  unsuited,     ///< splice: what comes next has to be copied; later it may be spliced again
};

/// What the reads of one direction, or of one step of a handshake, may cost before the others of
/// the worker have their turn.
constexpr std::size_t turn_budget = std::size_t{1} << 20;

/// How a read ended, and what it cost. A turn is bounded by work, not by payload: the work of a
/// read is its payload plus `overhead`, counted in bytes that could have been copied instead. A
/// stream that decodes records or frames charges a fixed price for each, and returns with `again`
/// set once one call has cost a quarter of `turn_budget`, whether or not it has found payload by
/// then; its caller comes back for more, in this turn if there is budget left, otherwise in the
/// next.
struct io_result {
  io what = io::blocked;
  /// Reads: more may be had now (a full buffer, a hangup seen), so ask again; false: nothing before
  /// the next wake-up, so no second call that would only find that out.
  bool again = false;
  /// Reads: work beyond the payload. Never 0 in a read that has `moved` nothing.
  std::uint32_t overhead = 0;
  std::size_t bytes = 0;  ///< payload
  error_code ec;
};

/// One end of a connection as the pump sees it: non-blocking, driven by readiness. A plain stream
/// is a descriptor; later kinds wrap TLS, WebSocket frames, a channel of a tunnel. It belongs to
/// one worker, keeps no buffer while idle, and owns its descriptor: destroying it closes the
/// connection.
class stream {
 public:
  /// Writable bytes that callers keep in front of what they pass to `write_some`, so that a frame
  /// header can be put there.
  static constexpr std::size_t headroom = 16;

  virtual ~stream() = default;

  /// Whom to wake when a blocked call is worth repeating; null: nobody.
  virtual void notify(net::waiter* whom) noexcept = 0;

  /// It is known, without a call, that nothing can be read before the next wake-up.
  virtual bool is_quiet() const noexcept { return false; }
  virtual io_result read_some(std::span<std::byte> into) = 0;
  /// May take less than all. The rest is offered again, unchanged and first.
  virtual io_result write_some(std::span<std::byte> data) = 0;
  /// The same for what is followed at once by more, which it may leave together with.
  virtual io_result write_more(std::span<std::byte> data) { return write_some(data); }

  /// Whether payload may be spliced now, in and out; asked when a direction becomes bulk. A stream
  /// that says yes accepts `splice_from_pipe` until its end; it may still refuse to be read so.
  virtual bool can_splice() const noexcept { return false; }
  /// Zero-copy: moves payload from the stream into a pipe, at most `limit` bytes. The pipe is
  /// empty, so `blocked` means that no data is there.
  virtual io_result splice_to_pipe(int /*pipe*/, std::size_t /*limit*/) {
    return {io::unsupported, false, 0, 0, {}};
  }
  /// Zero-copy: moves payload from a pipe that holds `bytes` into the stream.
  virtual io_result splice_from_pipe(int /*pipe*/, std::size_t /*bytes*/) {
    return {io::unsupported, false, 0, 0, {}};
  }

  /// The descriptor that `splice_to_pipe` waits for, where one spliced read takes all that is there
  /// and readiness may be reported less often (`net::poller::arm`); null: it may not.
  virtual net::watch* spliced_socket() noexcept { return nullptr; }

  /// Own output that is not payload (alerts, tickets, pongs). Called on every wake-up. `moved`:
  /// nothing is left; `blocked`: a wake-up follows.
  virtual io_result flush() { return {io::moved, false, 0, 0, {}}; }
  /// Passes the end of the data on; `blocked`: call it again after the wake-up.
  virtual io_result shutdown_write() = 0;
  /// The peer has reset the connection, even if nobody is reading or writing at the moment. Told
  /// once; what had come before can still be read, and then the read fails.
  virtual error_code broken() = 0;
  /// Bytes that were written and that the peer has not acknowledged yet: aborting drops them.
  virtual std::size_t unsent() = 0;
  /// Memory that the kernel uses for what has arrived and was not read yet,
  virtual std::size_t receive_memory() { return 0; }
  /// and for what was written and is not acknowledged yet.
  virtual std::size_t send_memory() { return 0; }
  /// How much the kernel may keep that it could not send yet; 0: as much as it likes. What is on
  /// its way is not part of it.
  virtual void limit_unsent(std::size_t /*bytes*/) noexcept {}
  /// The room for what the peer sends ahead stays what it is. Else the kernel enlarges it as it
  /// sees fit,
  virtual void freeze_receive_buffer() noexcept {}
  /// as it does from here on again, beginning with `window` bytes if it was less.
  virtual void thaw_receive_buffer(std::size_t /*window*/) noexcept {}
  /// From now on closing tells the peer of a reset, not of an end.
  virtual void abort() noexcept = 0;
};

}  // namespace relay::transport
