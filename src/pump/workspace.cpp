#include <relay/pump/workspace.hpp>

#include <cassert>
#include <cstring>
#include <utility>

namespace relay::pump {

workspace::workspace(net::poller& poller, net::timer_wheel& wheel, pipe_budget& pipes,
                     std::function<net::alarms::clock::time_point()> now)
    : poller_(poller), wheel_(wheel), pipes_(pipes), now_(std::move(now)), buffer_(new scratch) {
  spare_.reserve(spare_chunks);  // giving back must not fail
}

net::alarms& workspace::alarms() {
  if (!alarms_) alarms_ = std::make_unique<net::alarms>(poller_, now_);
  return *alarms_;
}

std::unique_ptr<chunk> workspace::keep(std::span<const std::byte> data) {
  assert(data.size() <= buffer_bytes);
  std::unique_ptr<chunk> kept;
  if (spare_.empty()) {
    kept.reset(new chunk);  // default-initialised: make_unique would clear 64 KiB first
  } else {
    kept = std::move(spare_.back());
    spare_.pop_back();
  }
  kept->at = transport::stream::headroom;
  kept->end = static_cast<std::uint32_t>(kept->at + data.size());
  std::memcpy(kept->rest().data(), data.data(), data.size());
  return kept;
}

void workspace::give_back(std::unique_ptr<chunk> used) {
  if (spare_.size() < spare_chunks) spare_.push_back(std::move(used));
}

}  // namespace relay::pump
