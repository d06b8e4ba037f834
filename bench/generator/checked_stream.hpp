#pragma once

#include "pattern.hpp"

#include <cstdint>

namespace relay::bench {

/// One end of a checked connection: sends a pattern, expects the same and an end. Borrows the
/// descriptor.
class checked_stream {
 public:
  enum class state { going, intact, broken };
  enum class manner {
    ends_when_both_are_done,
    ends_when_sent,  ///< the client of a half-close
    answers_an_end   ///< the server of one: sends only then
  };
  checked_stream(int fd, std::uint64_t total, manner how)
      : fd_(fd), out_(total), in_(total), how_(how) {}

  state run();
  std::uint32_t wanted() const noexcept;  ///< epoll events
  std::uint64_t missing() const noexcept { return in_.left(); }

 private:
  bool may_send() const noexcept;
  bool take();
  bool give();

  int fd_;
  pattern out_;
  pattern in_;
  manner how_;
  bool ended_ = false;  // the other side
  bool shut_ = false;   // ours
};

}  // namespace relay::bench
