#include <relay/resume/window.hpp>

#include <algorithm>

namespace relay::resume {
namespace {

// What a packet costs beyond its payload: a peer must not be able to fill memory with packets of a
// byte each.
constexpr std::size_t overhead = window::front + 64;
// Pieces below this are worth putting together while they wait; more would be copied twice.
constexpr std::size_t small_piece = std::size_t{16} << 10;

}  // namespace

std::size_t window::cost() const noexcept { return bytes_ + packets_.size() * overhead; }

std::size_t window::room() const noexcept {
  if (has_end_ || packets_.size() >= most_.packets) return 0;
  const auto used = cost() + overhead;
  return used >= most_.bytes ? 0 : most_.bytes - used;
}

std::size_t window::add(std::span<const std::byte> payload) {
  std::size_t taken = 0;
  while (taken < payload.size() && !has_end_) {
    auto rest = payload.subspan(taken);
    // The last one can grow as long as no part of it was ever on its way.
    if (!packets_.empty() && packets_.back().number > sent_) {
      auto& last = packets_.back();
      const auto had = last.payload().size();
      const auto most = std::min(small_piece, most_.payload);
      if (had + rest.size() <= most && cost() + rest.size() <= most_.bytes) {
        last.storage.insert(last.storage.end(), rest.begin(), rest.end());
        bytes_ += rest.size();
        return payload.size();
      }
    }
    rest = rest.first(std::min({rest.size(), most_.payload, room()}));
    if (rest.empty()) break;
    auto& made = packets_.emplace_back();
    made.number = ++last_;
    made.storage.reserve(front + rest.size());
    made.storage.resize(front);
    made.storage.insert(made.storage.end(), rest.begin(), rest.end());
    bytes_ += rest.size();
    taken += rest.size();
  }
  return taken;
}

void window::add_end() {
  if (has_end_) return;
  auto& made = packets_.emplace_back();
  made.number = ++last_;
  made.is_end = true;
  made.storage.resize(front);
  has_end_ = true;
}

bool window::acknowledge(std::uint64_t number) {
  if (number > sent_) return false;
  if (number <= acknowledged_) return true;  // an old one says nothing
  acknowledged_ = number;
  drop_acknowledged();
  return true;
}

void window::drop_acknowledged() noexcept {
  while (!packets_.empty() && packets_.front().number <= acknowledged_) {
    if (next_ == 0 && is_begun_) return;
    bytes_ -= packets_.front().payload().size();
    packets_.pop_front();
    if (next_ > 0) --next_;
  }
  if (packets_.empty()) packets_ = std::deque<packet>();  // one that was used keeps a block
}

void window::rewind() noexcept {
  is_begun_ = false;
  next_ = 0;
  drop_acknowledged();
}

window::packet* window::begin_next() noexcept {
  if (!has_next()) return nullptr;
  is_begun_ = true;
  sent_ = std::max(sent_, packets_[next_].number);
  return &packets_[next_];
}

void window::end_next() noexcept {
  is_begun_ = false;
  ++next_;
  drop_acknowledged();
}

}  // namespace relay::resume
