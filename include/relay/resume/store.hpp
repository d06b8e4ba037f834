#pragma once

#include <relay/wire/resume.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

namespace relay::resume {

/// The sessions of this process that others may come back to: on which worker each lives, and how
/// those have ended that ended lately. Shared by all workers; guards itself. A carrier may arrive
/// anywhere, once in its life.
class store {
 public:
  static constexpr std::size_t most_sessions = 65536;

  /// `generation`: of this process, never 0.
  explicit store(std::uint64_t generation, std::size_t most = most_sessions) noexcept
      : generation_(generation), most_(most) {}

  std::uint64_t generation() const noexcept { return generation_; }

  /// A session that lives on this worker. `owner` is who it belongs to: nobody else's clients come
  /// back to it. False: there is no room, or the id is taken.
  bool add(const wire::resume_id& id, const void* owner, std::size_t worker);
  /// It is over: in order, or not.
  void remove(const wire::resume_id& id, bool in_order);

  struct answer {
    std::optional<std::size_t> worker;                            ///< where it lives
    wire::resume_refusal otherwise = wire::resume_refusal::gone;  ///< why it does not
  };
  answer find(const wire::resume_id& id, const void* owner) const;
  std::size_t size() const;

 private:
  struct place {
    const void* owner;
    std::size_t worker;
  };
  struct grave {
    wire::resume_id id;
    bool in_order;
  };

  const std::uint64_t generation_;
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::map<wire::resume_id, place> sessions_;
  std::deque<grave> ended_;  // the latest last
};

}  // namespace relay::resume
