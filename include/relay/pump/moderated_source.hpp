#pragma once

#include <relay/net/poller.hpp>
#include <relay/pump/moderation.hpp>

#include <cstddef>

namespace relay::pump {

/// Does what `moderation` decides to the descriptor that a bulk direction reads from, which must
/// outlive it. Armed, the source is read once per visit: what is left is reported by the next.
class moderated_source {
 public:
  /// Null: it is woken for whatever comes, always.
  explicit moderated_source(net::watch* source) noexcept : source_(source) {}
  ~moderated_source() { let_go(); }
  moderated_source(const moderated_source&) = delete;
  moderated_source& operator=(const moderated_source&) = delete;

  bool is_armed() const noexcept { return policy_.is_armed(); }

  /// The direction begins to run. When an end has come there is nothing left to gather.
  void begin_run() noexcept;
  /// How its run ended, after `bytes`: nothing more is there, or the visit is over;
  void ran_dry(std::size_t bytes);
  /// it has had its share and goes on at the next turn;
  void has_more(std::size_t bytes);
  /// the sink takes no more, which is the clock from now on.
  void sink_is_full(std::size_t bytes);
  /// The other side has spoken.
  void message_boundary() noexcept;

 private:
  void try_to_arm();
  void visited(std::size_t bytes);
  void let_go() noexcept;

  net::watch* source_;
  moderation policy_;
};

/// How much a peer may send that we have not read yet, as last told to it.
std::size_t receive_window(int fd) noexcept;

}  // namespace relay::pump
