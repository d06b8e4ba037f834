#include "start_messages.hpp"

#include <spdlog/logger.h>

#include <ostream>

namespace relay::app {

void start_messages::error(const std::string& message) {
  err_ << "error: " << message << '\n';
  if (!log_.shares_stderr()) log_.target("relay").error("{}", message);
}

void start_messages::warning(const std::string& message) {
  err_ << "warning: " << message << '\n';
  if (!log_.shares_stderr()) log_.target("relay").warn("{}", message);
}

void start_messages::problem(const config::problem& what) {
  err_ << config::render(what);
  log_only(what);
}

void start_messages::log_only(const config::problem& what) {
  if (log_.shares_stderr()) return;
  log_.target("relay").warn("{}: {}", what.where.to_string(), what.message);
}

}  // namespace relay::app
