#include "refusals.hpp"

#include <relay/ops/sandbox.hpp>

#include <spdlog/logger.h>

namespace relay::app {

refusals::refusals(boost::asio::io_context& loop, spdlog::logger& log) : event_(loop), log_(log) {
  if (ops::refused_calls_event() < 0) return;
  event_.assign(ops::refused_calls_event());
  await();
}

void refusals::stop() {
  if (!event_.is_open()) return;
  tell();
  event_.release();
}

void refusals::await() {
  event_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& ec) {
                      if (ec) return;
                      tell();
                      await();
                    });
}

void refusals::tell() {
  for (const auto& each : ops::take_refused_calls())
    log_.error("the sandbox refused the system call {} (not said again)", each);
}

}  // namespace relay::app
