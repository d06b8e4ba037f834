#pragma once

#include <relay/pump/moderated_source.hpp>
#include <relay/pump/queue_keeper.hpp>
#include <relay/pump/throttle.hpp>
#include <relay/pump/workspace.hpp>
#include <relay/transport/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace relay::pump {

enum class progress : std::uint8_t {
  blocked,       ///< waits for a wake-up of one of its streams
  throttled,     ///< waits for its turn: its throttle wakes the session
  more,          ///< the budget is spent: come back after the others
  done,          ///< the end of the data was met and passed on
  read_failed,   ///< the source has failed
  write_failed,  ///< the sink has failed
};

/// One direction of a session: copies through the worker's buffer, splices through a leased pipe
/// while it is bulk, and reads nothing more while the sink is slow. Idle, it holds no memory.
class direction {
 public:
  /// `moderated`: whether it may be woken less often while it is bulk.
  explicit direction(bool moderated = true) noexcept : moderated_(moderated) {}

  /// Moves what can be moved, about `budget` bytes at most, and no more than `rate` allows, if
  /// there is one. On failure `why` is set.
  progress run(transport::stream& from, transport::stream& to, workspace& shared,
               std::size_t budget, error_code& why, throttle* rate = nullptr);
  /// Before the first run: what was taken from the source by somebody else comes first.
  void begin_with(std::unique_ptr<chunk> heard) noexcept { pending_ = std::move(heard); }
  /// Returns what was leased; what is still in it is dropped.
  void release(workspace& shared);

  std::uint64_t moved() const noexcept { return moved_; }
  bool is_done() const noexcept { return done_; }
  /// The source's end, though passed on as one, was not said as its protocol demands.
  bool was_cut() const noexcept { return cut_; }
  /// Counts as done although nothing was passed on: the sink has failed.
  void give_up() noexcept { done_ = true; }
  bool is_splicing() const noexcept { return bulk_ != nullptr; }
  bool is_armed() const noexcept { return bulk_ && bulk_->source.is_armed(); }
  /// Whether the last run has read something that is no bulk: a message, or the end of one.
  bool has_spoken() const noexcept { return spoken_; }
  /// The other direction has: whoever waits for the answer must not wait for a visit.
  void message_boundary() noexcept {
    if (bulk_) bulk_->source.message_boundary();
  }
  /// Bytes taken from the source that the sink has not accepted yet.
  std::size_t pending() const noexcept;

 private:
  struct ends {
    transport::stream& from;
    transport::stream& to;
    workspace& shared;
    error_code& why;
    throttle* rate;

    /// How much may be read, at most `most`; 0: nothing now.
    std::size_t allowed(std::size_t most) const;
    void count_read(std::size_t bytes) const;
    /// Nothing goes on before a wake-up: what is left of the turn is for others.
    progress blocked() const;
    /// Nothing is read now: for want of data, or because it is not its turn.
    progress not_now() const;
  };
  // What it has only while it is bulk.
  struct bulk {
    explicit bulk(net::watch* moderated) noexcept : source(moderated) {}
    std::unique_ptr<kernel_pipe> pipe;  // null while there is nothing to move
    std::uint32_t in_pipe = 0;
    std::uint8_t small_reads = 0;  // in a row
    moderated_source source;
  };
  progress move(const ends& e, std::size_t budget);
  /// What the next read may take, at most `most`; 0: nothing now.
  std::size_t next_read(const ends& e, std::size_t most);
  // blocked … write_failed as above; more: go on in this turn, in whichever mode it is now.
  progress copy(const ends& e, std::size_t& budget);
  progress write(const ends& e, std::span<std::byte> data);
  progress splice(const ends& e, std::size_t& budget);
  progress splice(const ends& e, std::size_t& budget, std::size_t& taken);
  progress drain_pipe(const ends& e);
  progress finish(const ends& e);
  bool start_splicing(const ends& e);
  void stop_splicing(workspace& shared);

  std::uint64_t moved_ = 0;
  std::unique_ptr<chunk> pending_;
  std::unique_ptr<bulk> bulk_;
  queue_keeper queues_;
  std::uint8_t big_reads_ = 0;  // in a row, while copying
  // Bits: with bytes every connection would be 16 bytes larger.
  bool moderated_ : 1;
  bool spoken_ : 1 = false;
  bool ended_ : 1 = false;
  bool cut_ : 1 = false;
  bool done_ : 1 = false;
  bool never_splice_ : 1 = false;
};

}  // namespace relay::pump
