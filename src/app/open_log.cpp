#include "open_log.hpp"

namespace relay::app {
namespace {

static_assert(static_cast<int>(logs::level::trace) == static_cast<int>(config::log_level::trace));

logs::stamp stamp_of(const config::settings& what) {
  switch (what.log.time) {
    case config::log_time::utc:
      return logs::stamp::utc;
    case config::log_time::zone:
      return logs::stamp::zone;
    case config::log_time::local:
      break;
  }
  return what.rules == config::dialect::realm ? logs::stamp::seconds : logs::stamp::local;
}

}  // namespace

logs::level level_of(config::log_level level) noexcept { return static_cast<logs::level>(level); }

logs open_log(const config::settings& what) {
  return {level_of(what.log.level), what.log.output, stamp_of(what)};
}

}  // namespace relay::app
