#include "open_log.hpp"

#include <relay/base/error.hpp>

#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace relay::app {
namespace {

namespace fs = std::filesystem;

config::problem cannot_write(const config::log& what, const error_code& ec,
                             config::problem::level severity) {
  const auto folder = fs::path(what.output).parent_path();
  return {severity, what.keys.at("output"),
          "`output`: cannot write " + what.output + ": " + describe(ec),
          ec == boost::system::errc::no_such_file_or_directory
              ? "make the folder " + (folder.empty() ? "." : folder.string()) +
                    ", or write a file elsewhere, \"stdout\" or \"stderr\""
              : "write a file that this user may write, \"stdout\" or \"stderr\"; under the unit "
                "relay.service it is below /var/log/relay"};
}

[[noreturn]] void refuse(const config::log& what, const std::system_error& why) {
  const error_code ec(why.code().value(), boost::system::system_category());
  throw config::config_error({cannot_write(what, ec, config::problem::level::error)});
}

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

logs open_log(const config::settings& what) try {
  return {level_of(what.log.level), what.log.output, stamp_of(what)};
} catch (const std::system_error& e) {
  refuse(what.log, e);
}

std::shared_ptr<log_output> open_output(const config::log& what) try {
  return logs::open(what.output);
} catch (const std::system_error& e) {
  refuse(what, e);
}

std::optional<config::problem> log_problem(const config::log& what) {
  if (what.output == "stdout" || what.output == "stderr") return std::nullopt;
  const fs::path file(what.output);
  const auto folder = file.parent_path().empty() ? fs::path(".") : file.parent_path();
  if (::access(file.c_str(), W_OK) == 0) return std::nullopt;
  auto ec = last_system_error();
  if (ec == boost::system::errc::no_such_file_or_directory) {  // it would be made
    if (::access(folder.c_str(), W_OK | X_OK) == 0) return std::nullopt;
    ec = last_system_error();
  }
  return cannot_write(what, ec, config::problem::level::warning);
}

}  // namespace relay::app
