#include <relay/pump/queue_keeper.hpp>
#include <relay/pump/socket_memory.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace relay::pump {
namespace {

constexpr std::uint64_t held_unit = 16 * 1024;
constexpr std::uint64_t moved_unit = 64 * 1024;

// 67 ms: long enough to say how fast a reader is. Both counts may wrap unseen (in 17 s, in 4 GiB);
// then a rate is wrong for one interval.
std::uint8_t interval(const workspace& shared) {
  return static_cast<std::uint8_t>(shared.now().time_since_epoch().count() >> 26);
}

std::uint16_t units(std::uint64_t bytes) { return static_cast<std::uint16_t>(bytes / moved_unit); }

}  // namespace

void queue_keeper::begin(const flow& of) {
  auto* const memory = of.shared.memory();
  if (memory == nullptr || is_counted()) return;
  if (of.moved < least_moved && !memory->is_filling()) return;
  state_ = counted;
  memory->enter();
  begin_interval(of);
  if (memory->is_crowded()) freeze_source(of);
  if (memory->is_filling()) limit_queue(of, smallest(of));
}

void queue_keeper::ran(const flow& of, std::uint64_t bytes, bool sink_is_full) {
  auto& memory = *of.shared.memory();
  const bool is_kept = (state_ & (frozen | level)) != 0;
  const bool is_much = sink_is_full || held_ != 0 || bytes >= least_moved;
  if (!is_kept && !is_much) return;  // messages: not even a look at the clock
  if (!is_kept && !memory.is_crowded()) {
    hold(of, 0);
    return;
  }
  std::uint64_t unsent = 0;
  if (is_much) {
    unsent = of.to.send_memory();
    hold(of, unsent + of.from.receive_memory());
  }
  if (interval(of.shared) != since_) {
    limit_queue(of, allowed(of));
  } else if (queue() == 0 && (state_ & fast) == 0 && memory.is_filling()) {
    limit_queue(of, smallest(of));
  }
  if (sink_is_full && queue() != 0) memory.bite();
  if (of.moved >= trust + unsent) thaw_source(of);
}

std::uint64_t queue_keeper::queue() const noexcept {
  const auto power = state_ & level;
  return power == 0 ? 0 : std::uint64_t{1} << power;
}

std::uint64_t queue_keeper::smallest(const flow& of) {
  return std::max(of.shared.memory()->share(), least_queue);
}

// Begins another interval.
std::uint64_t queue_keeper::allowed(const flow& of) {
  const auto& memory = *of.shared.memory();
  const auto intervals = static_cast<std::uint8_t>(interval(of.shared) - since_);
  const auto moved = static_cast<std::uint16_t>(units(of.moved) - moved_) * moved_unit;
  begin_interval(of);
  const auto needed = moved / intervals / 2;
  // Who has the kernel's queue keeps it a little longer than others get it.
  const auto enough = (memory.is_tight() ? ample_when_tight : ample) / (queue() == 0 ? 2 : 1);
  state_ = static_cast<std::uint8_t>(needed >= enough ? state_ | fast : state_ & ~fast);
  if (needed >= enough || !memory.is_filling()) return 0;
  return std::max(smallest(of), needed);
}

void queue_keeper::limit_queue(const flow& of, std::uint64_t bytes) {
  const auto before = queue();
  const auto now = bytes == 0 ? 0 : std::bit_floor(bytes);
  // Half as much is no reason: the next interval may bring twice as much again.
  if (now == before || (now != 0 && now == before / 2)) return;
  const auto power = now == 0 ? 0 : std::countr_zero(now);
  state_ = static_cast<std::uint8_t>((state_ & ~level) | power);
  of.to.limit_unsent(now);
}

// Before the kernel enlarges it, which it does with each read: later there is no way back.
void queue_keeper::freeze_source(const flow& of) {
  state_ |= frozen;
  of.from.freeze_receive_buffer();
}

void queue_keeper::thaw_source(const flow& of) {
  if ((state_ & frozen) == 0) return;
  state_ &= static_cast<std::uint8_t>(~frozen);
  of.from.thaw_receive_buffer(std::clamp(2 * of.shared.memory()->share(), least_window, ample));
}

void queue_keeper::hold(const flow& of, std::uint64_t bytes) {
  const auto now =
      static_cast<std::uint16_t>(std::min<std::uint64_t>(bytes / held_unit, UINT16_MAX));
  const auto before = std::exchange(held_, now);
  of.shared.memory()->hold(now * held_unit, before * held_unit);
}

void queue_keeper::begin_interval(const flow& of) {
  moved_ = units(of.moved);
  since_ = interval(of.shared);
}

void queue_keeper::leave(workspace& shared) noexcept {
  if (!is_counted()) return;
  shared.memory()->hold(0, std::exchange(held_, std::uint16_t{0}) * held_unit);
  shared.memory()->leave();
  state_ = 0;
}

}  // namespace relay::pump
