#include "worker_watch.hpp"

#include <relay/forward/server.hpp>

#include <spdlog/logger.h>

#include <string>
#include <utility>

namespace relay::app {
namespace {

using clock = std::chrono::steady_clock;

std::string to_text(const net::pulse& of) {
  if (!of.is_serving) return "running tasks of Asio";
  return "waking those whom " + std::to_string(of.events) + " events are for";
}

}  // namespace

worker_watch::worker_watch(boost::asio::io_context& on, forward::server& over, spdlog::logger& log,
                           std::chrono::milliseconds limit, std::function<void()> changed)
    : server_(over), log_(log), limit_(limit), changed_(std::move(changed)), timer_(on) {}

void worker_watch::start() {
  if (limit_ == limit_.zero()) return;
  const auto workers = server_.pulses().size();
  judge_.emplace(workers, limit_, clock::now());
  spent_.resize(workers);
  await_look();
}

void worker_watch::await_look() {
  timer_.expires_after(judge_->period());
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (ec) return;
    look();
    await_look();
  });
}

void worker_watch::look() {
  std::vector<std::uint32_t> turns;
  for (const auto& each : server_.pulses()) turns.push_back(each.turns);
  const auto before = stalled();
  for (const auto& each : judge_->look(turns, clock::now())) {
    if (each.what == ops::stall_watch::change::ask) {
      spent_[each.loop] = server_.processor_time(each.loop);
      server_.nudge(each.loop);
    } else {
      tell(each);
    }
  }
  if (stalled() != before) changed_();
}

void worker_watch::tell(const ops::stall_watch::finding& what) {
  if (what.what == ops::stall_watch::change::turns_again)
    return log_.warn("worker {} turns again after {} ms", what.loop, what.still.count());
  log_.error(
      "worker {} has not turned for {} ms, and its connections wait: {}, with {} ms of "
      "processor time",
      what.loop, what.still.count(), to_text(server_.pulses()[what.loop]),
      (server_.processor_time(what.loop) - spent_[what.loop]).count());
}

}  // namespace relay::app
