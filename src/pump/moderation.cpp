#include <relay/pump/moderation.hpp>

#include <algorithm>

namespace relay::pump {

bool moderation::message_boundary() noexcept {
  since_boundary_ = 0;
  if (!armed_) return false;
  disarmed();
  return true;
}

void moderation::moved(std::size_t bytes) noexcept {
  since_boundary_ += bytes;
  since_try_ += bytes;
  woken_bytes_ += bytes;
  last_ = bytes;
}

bool moderation::ran_dry(std::size_t bytes) noexcept {
  moved(bytes);
  if (++wakes_ == recent_wakes) {
    wakes_ /= 2;
    woken_bytes_ /= 2;
  }
  return since_boundary_ >= bytes_of_stream && since_try_ >= pause_ && bytes >= least_wake;
}

// Twice, since what has come by the next visit must fit beside what is under way.
std::size_t moderation::wanted_window() const noexcept { return std::max(least_window, 2 * last_); }

void moderation::arm(std::size_t window) noexcept {
  armed_ = true;
  window_ = window;
  visits_ = 0;
  spell_bytes_ = 0;
}

moderation::verdict moderation::visited(std::size_t bytes) noexcept {
  since_boundary_ += bytes;
  spell_bytes_ += bytes;
  last_ = bytes;
  if (++visits_ == spell) {
    if (!was_worth_it()) {
      disarmed();
      pause_ = std::min(2 * pause_, last_pause);
      return verdict::let_go;
    }
    pause_ = first_pause;
    visits_ = 0;
    spell_bytes_ = 0;
  }
  return wanted_window() > window_ ? verdict::look : verdict::stay;
}

// Otherwise visits would only add delay.
bool moderation::was_worth_it() const noexcept {
  if (spell_bytes_ >= spell * good_visit) return true;
  if (spell_bytes_ < spell * least_visit) return false;
  return spell_bytes_ * wakes_ * 2 >= woken_bytes_ * spell * 3;
}

bool moderation::fits(std::size_t window) noexcept {
  window_ = window;
  if (wanted_window() <= window) return true;
  disarmed();
  return false;
}

void moderation::disarmed() noexcept {
  armed_ = false;
  begin_pause();
  // What wake-ups bring is learnt anew, in case the sender has changed.
  woken_bytes_ = 0;
  wakes_ = 0;
}

}  // namespace relay::pump
