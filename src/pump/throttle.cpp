#include <relay/pump/throttle.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace relay::pump {
namespace {

using std::chrono::milliseconds;

// What a flow that paused may move at once beyond a turn: a burst of 2 % in any second at most.
constexpr milliseconds saved{5};
// Turns that began late are made up for; a process that was stopped is not.
constexpr milliseconds most_late{100};
constexpr milliseconds keeps_turn{20};

}  // namespace

throttle::throttle(net::alarms& on, net::poller& poller, net::waiter& flow, std::uint64_t own,
                   shared_rate* with)
    : alarms_(on), poller_(poller), flow_(flow), with_(with) {
  assert((own != 0 || with != nullptr) && "a throttle has a rate");
  if (own != 0) own_.emplace(own, on.now());
}

std::size_t throttle::allowance() {
  if (waiting_) return 0;
  if (left_ > 0) return left_;
  const auto now = alarms_.now();
  book(now);
  if (begins_ <= now) return left_;
  late_ = {};
  waiting_ = wanting_ = true;
  alarms_.set(*this, begins_);
  return 0;
}

void throttle::book(clock::time_point now) {
  if (with_ != nullptr && !std::exchange(sharing_, true)) with_->enter();
  const auto bytes = next_turn(now);
  begins_ = clock::time_point::min();
  // Who had to wait – for the worker, or among others – does not lose any of its own rate by it.
  if (own_) begins_ = own_->book(bytes, now, wanting_ ? most_late : saved);
  if (with_ != nullptr) begins_ = std::max(begins_, with_->bucket.book(bytes, now, saved + late_));
  turn_ = left_ = static_cast<std::size_t>(bytes);
}

std::uint64_t throttle::next_turn(clock::time_point now) const noexcept {
  if (with_ == nullptr) return turn_of(own_->rate(), 1);
  const auto share = turn_of(with_->bucket.rate(), with_->flows());
  if (!own_) return share;
  auto own = turn_of(own_->rate(), 1);
  // Rounds among others may take longer than its own turns.
  const std::chrono::nanoseconds behind = now - own_->spent_until();
  if (wanting_ && behind.count() > 0) {
    own *= 1 + static_cast<std::uint64_t>(std::min<std::chrono::nanoseconds>(behind, most_late) /
                                          own_->time_of(own));
  }
  return std::min(own, share);
}

void throttle::spend(std::size_t bytes) noexcept {
  resting_ = false;
  left_ -= std::min(left_, bytes);
  // What is left over is not worth a read of its own.
  if (left_ >= turn_ / 8) return;
  if (own_) own_->refund(left_);
  if (with_ != nullptr) with_->bucket.refund(left_);
  left_ = 0;
}

void throttle::rest() {
  wanting_ = false;
  late_ = {};
  if (!sharing_) return give_back();  // nobody has to wait for it
  resting_ = true;
  if (!is_set()) alarms_.set(*this, alarms_.now() + keeps_turn);
}

void throttle::due() {
  if (std::exchange(waiting_, false)) {
    late_ =
        std::clamp<std::chrono::nanoseconds>(alarms_.now() - begins_, milliseconds(0), most_late);
    poller_.schedule(flow_);
  } else if (resting_) {
    give_back();
  }
}

void throttle::give_back() noexcept {
  if (own_) own_->refund(left_);
  if (with_ != nullptr) with_->bucket.refund(left_);
  left_ = 0;
  if (std::exchange(sharing_, false)) with_->leave();
}

}  // namespace relay::pump
