#include <relay/forward/target.hpp>

namespace relay::forward {

std::optional<ip_address> target::address() const noexcept {
  if (candidates_.empty()) return std::nullopt;
  return candidates_[current_].address;
}

bool target::was_at(const ip_address& address, clock::time_point now) const noexcept {
  return version_ > 1 && address == left_ && now - moved_ < farewell;
}

bool target::is_due(clock::time_point now) {
  if (is_fixed_ || now < next_look_) return false;
  next_look_ = now + (candidates_.empty() ? retry : interval);
  if (!candidates_.empty()) go_home(now);
  return true;
}

void target::learn(const std::vector<ip_address>& usable, clock::time_point now) {
  if (usable.empty()) return;
  const auto before = address();
  std::vector<candidate> known;
  known.swap(candidates_);
  for (const auto& each : usable) {
    const auto found = std::ranges::find(known, each, &candidate::address);
    candidates_.push_back(found == known.end() ? candidate{each} : *found);
  }
  const auto same =
      before ? std::ranges::find(candidates_, *before, &candidate::address) : candidates_.end();
  if (same != candidates_.end()) {
    current_ = static_cast<std::size_t>(same - candidates_.begin());
    return;
  }
  if (before) left_ = *before;
  current_ = 0;
  moved_ = now;
  home_ = candidates_.front().address;
  ++version_;
}

void target::go_to(std::size_t index, clock::time_point now) {
  left_ = candidates_[current_].address;
  current_ = index;
  moved_ = now;
  ++version_;
}

bool target::failed(clock::time_point now) {
  if (candidates_.size() < 2) return false;
  auto& here = candidates_[current_];
  if (heard_ >= moved_) here.pause = shortest_pause;  // it has been well meanwhile
  if (now >= here.aside_until) {
    here.aside_until = now + here.pause;
    here.pause = std::min(here.pause * 2, longest_pause);
  }
  const auto other = next(now);
  if (!other) return false;
  go_to(*other, now);
  return true;
}

// The first that is not aside; when all are, the one whose time is nearest, once a second.
std::optional<std::size_t> target::next(clock::time_point now) const {
  std::optional<std::size_t> nearest;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (i == current_) continue;
    if (now >= candidates_[i].aside_until) return i;
    if (!nearest || candidates_[i].aside_until < candidates_[*nearest].aside_until) nearest = i;
  }
  return now - moved_ >= interval ? nearest : std::nullopt;
}

// Back to the first choice when its time is over, unless the other one has turned out well.
void target::go_home(clock::time_point now) {
  const auto& here = candidates_[current_];
  if (here.address == home_ || heard_ >= moved_) return;
  const auto found = std::ranges::find(candidates_, home_, &candidate::address);
  if (found == candidates_.end()) {
    home_ = here.address;
  } else if (now >= found->aside_until) {
    go_to(static_cast<std::size_t>(found - candidates_.begin()), now);
  }
}

bool target::is_silent(clock::time_point now) noexcept {
  if (heard_ >= unanswered_since_) {
    unanswered_since_ = now;
    patience_ = patience;
    return false;
  }
  if (now - unanswered_since_ < patience_) return false;
  unanswered_since_ = now;
  patience_ = std::min(patience_ * 2, longest_patience);
  return true;
}

bool target::may_ask_anew(clock::time_point now) noexcept {
  if (is_fixed_ || now < next_anew_) return false;
  next_anew_ = now + interval;
  return true;
}

}  // namespace relay::forward
