#pragma once

#include <relay/ops/stall_watch.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/fwd.h>

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace relay::forward {
class server;
}

namespace relay::app {

/// Watches, on the main thread, whether the workers turn, and says which does not and what it was
/// doing. Costs them a store per turn; an idle one is woken every other period.
class worker_watch {
 public:
  /// `limit` 0: nobody is watched. `changed` is called when one stalls or turns again.
  worker_watch(boost::asio::io_context& on, forward::server& over, spdlog::logger& log,
               std::chrono::milliseconds limit, std::function<void()> changed);

  void start();
  void cancel() { timer_.cancel(); }
  /// How many do not turn.
  std::size_t stalled() const noexcept { return judge_ ? judge_->stalled() : 0; }

 private:
  void await_look();
  void look();
  void tell(const ops::stall_watch::finding& what);

  forward::server& server_;
  spdlog::logger& log_;
  std::chrono::milliseconds limit_;
  std::function<void()> changed_;
  boost::asio::steady_timer timer_;
  std::optional<ops::stall_watch> judge_;
  std::vector<std::chrono::milliseconds> spent_;  ///< processor time of each when it was asked
};

}  // namespace relay::app
