#include <relay/forward/gate.hpp>

#include <utility>

namespace relay::forward {

bool gate::leave() noexcept {
  leave_quietly();
  return std::exchange(waiting_, false);
}

bool gate::refuse(clock::time_point now) noexcept {
  waiting_ = true;
  last_refused_ = now;
  return !std::exchange(biting_, true);
}

bool gate::has_calmed_down(clock::time_point now) noexcept {
  if (!biting_ || now - last_refused_ < calm) return false;
  biting_ = false;
  return true;
}

}  // namespace relay::forward
