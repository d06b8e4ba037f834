#pragma once

#include <relay/config/config.hpp>
#include <relay/config/load.hpp>
#include <relay/forward/hook.hpp>
#include <relay/ops/variable.hpp>

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace relay {
class logs;
}

namespace relay::app {

/// Exit codes (design section 5).
enum exit_code : int {
  exit_done = 0,
  exit_failure = 1,
  exit_usage = 2,
  exit_unavailable = 69,  ///< no listener could be bound
  exit_config = 78,       ///< bad configuration
};

struct serve_options {
  std::size_t workers = 1;            ///< threads, at least 1
  std::size_t pipe_bytes = 1 << 20;   ///< wished capacity of a splice pipe
  std::optional<forward::hook> hook;  ///< asked about every client
  /// Called once, when every listener is bound or has failed and at least one is bound.
  std::function<void()> ready;
  /// Called once, when all that is to be bound is, and before there are threads: the rights that
  /// this took may go.
  std::function<void()> bound;
  /// Reads the configuration again from where it came from, for a reload, or another file or
  /// folder; throws as loading does. On any thread, and for as long as it serves. Empty: there is
  /// nothing to be read again.
  std::function<config::loaded(const std::optional<std::string>& path)> read_again;
  /// The file or folder that it came from, if it was one; `process.watch` looks at it.
  std::optional<std::string> config_path;
  std::string control_path;  ///< of the control socket; empty: there is none
  /// Where a service manager says what it wants and what it passes on; empty: there is none.
  ops::variable_reader variable;
  /// The process that the service manager started; with `-d` another than the one that serves.
  pid_t started_as = 0;
};

/// Runs the endpoints until a signal ends the process; returns the exit code. Bind failures are
/// written to stderr and logged; signals (`served_signals`) are handled while it runs.
int serve(const config::settings& what, logs& log, const serve_options& options);

}  // namespace relay::app
