#include <relay/base/log_ring.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace relay {

// Places are multiples of a head's size, so there is always room for one before the end.
log_ring::log_ring(std::size_t bytes)
    : capacity_(bytes / sizeof(head) * sizeof(head)),
      bytes_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

std::size_t log_ring::space_of(std::size_t text) noexcept {
  return (sizeof(head) + text + sizeof(head) - 1) / sizeof(head) * sizeof(head);
}

log_ring::head log_ring::head_at(std::size_t place) const noexcept {
  head what;
  std::memcpy(&what, bytes_.get() + place, sizeof what);
  return what;
}

void log_ring::write_head(std::size_t place, head what) noexcept {
  std::memcpy(bytes_.get() + place, &what, sizeof what);
}

bool log_ring::put(std::string_view line) {
  if (line.empty()) return true;
  if (used_ <= capacity_ / 2) losing_ = false;
  const auto wanted = space_of(line.size());
  // A line stands in one piece: what is left behind the last one is passed over.
  const auto skipped = capacity_ - next_ < wanted ? capacity_ - next_ : 0;
  if (losing_ || used_ + skipped + wanted > capacity_) {
    losing_ = true;
    ++lost_;
    return false;
  }
  if (skipped != 0) {
    write_head(next_, {to_the_start, 0});
    next_ = 0;
  }
  const auto lost = std::min<std::uint64_t>(std::exchange(lost_, 0), to_the_start);
  write_head(next_, {static_cast<std::uint32_t>(line.size()), static_cast<std::uint32_t>(lost)});
  std::memcpy(bytes_.get() + next_ + sizeof(head), line.data(), line.size());
  next_ = (next_ + wanted) % capacity_;
  used_ += skipped + wanted;
  return true;
}

std::uint64_t log_ring::take_lost() {
  if (used_ == 0) return std::exchange(lost_, 0);
  auto what = head_at(first_);
  const auto lost = std::exchange(what.lost, 0);
  write_head(first_, what);
  return lost;
}

std::string_view log_ring::front() const {
  if (used_ == 0) return {};
  return {bytes_.get() + first_ + sizeof(head), head_at(first_).size};
}

void log_ring::pop() {
  if (used_ == 0) return;
  const auto gone = space_of(head_at(first_).size);
  first_ = (first_ + gone) % capacity_;
  used_ -= gone;
  if (used_ == 0) {
    first_ = next_ = 0;  // so a log that keeps up touches one page of it
  } else if (head_at(first_).size == to_the_start) {
    used_ -= capacity_ - first_;
    first_ = 0;
  }
}

}  // namespace relay
