#include <relay/forward/quarantine.hpp>
#include <relay/pump/datagrams.hpp>

#include <new>
#include <utility>

namespace relay::forward {

void quarantine::add(unique_fd fd, int family, clock::time_point now) {
  kept_.push_back({std::move(fd), family, now, now});
}

// What has come meanwhile is dropped here, unread: its client has gone.
quarantine::kept quarantine::pop(clock::time_point now) {
  auto first = std::move(kept_.front());
  kept_.pop_front();
  const bool quiet = !pump::make_fresh(first.fd.get());
  if (quiet) return first;
  if (now - first.began >= longest) {
    first.family = 0;  // to be closed: whoever had this port next would hear the rest
    return first;
  }
  first.since = now;
  try {
    kept_.push_back(std::move(first));
  } catch (const std::bad_alloc&) {  // then it cannot wait any longer
    first.family = 0;
    return first;
  }
  return {};
}

std::size_t quarantine::close_over(clock::time_point now) {
  std::size_t closed = 0;
  while (is_over(now)) closed += pop(now).fd ? 1 : 0;
  while (kept_.size() > most && close_oldest()) ++closed;
  return closed;
}

bool quarantine::close_oldest() {
  if (kept_.empty()) return false;
  kept_.pop_front();
  return true;
}

unique_fd quarantine::take(int family, clock::time_point now, std::size_t& closed) {
  while (is_over(now)) {
    auto next = pop(now);
    if (!next.fd) continue;
    if (next.family == family) return std::move(next.fd);
    ++closed;
  }
  return {};
}

}  // namespace relay::forward
