#pragma once

#include <spdlog/fwd.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace relay {

class log_output;

/// The process's log: one output, one `spdlog::logger` per target. Lines look like realm's,
/// `[2024-01-31][23:59:59][target][LEVEL]text`, or tell the time more exactly. Lives longer than
/// whoever logs; loggers may be used from every worker, and nobody who logs waits for the output: a
/// thread writes, and lines that it cannot write in time are dropped and counted (`log_writer`).
class logs {
 public:
  enum class level { off, error, warn, info, debug, trace };
  /// How a line tells the time.
  enum class stamp {
    seconds,  ///< local, as realm's lines
    local,    ///< `[2024-01-31][23:59:59.123]`
    utc,      ///< `[2024-01-31][23:59:59.123Z]`
    zone,     ///< local, `[2024-01-31][23:59:59.123+01:00]`
  };

  /// `output`: `stdout`, `stderr`, or a file that is created or appended to. There is no thread
  /// when the filter is `off`. Throws std::system_error when the file cannot be opened.
  logs(level filter, const std::string& output, stamp time = stamp::seconds);
  /// Writes what is left, for a second at most.
  ~logs();

  /// The logger of a target such as `relay` or `realm_core::tcp::middle`; made on first use.
  spdlog::logger& target(std::string_view name);

  /// What somebody has asked for: written whatever the filter, as long as there is a log at all.
  spdlog::logger& answers();
  /// The least important lines that are written from here on, on every target. False, and nothing
  /// changes: it was `off` from the start, so there is no output. From any thread.
  bool set_filter(level filter);
  level filter() const;
  /// Whether nothing is ever written.
  bool is_off() const noexcept;
  /// Whether its lines go where the standard error goes: to one terminal, or one journal.
  bool shares_stderr() const noexcept;

  /// Opens the file again (after logrotate moved it); does nothing for stdout and stderr. When it
  /// cannot be opened the old file stays in use, and a line there says why. Does not wait.
  void reopen();
  /// Opens another place for its lines, as the constructor does, without any going there yet.
  static std::shared_ptr<log_output> open(const std::string& output);
  /// From now on they go there; nothing changes where it was `off` from the start. Does not wait.
  void redirect(const std::shared_ptr<log_output>& to);
  /// Waits until what was logged before is written, for a second at most; false: it is not.
  bool flush() const;

  /// What the operator should know of the output, for stderr; usually nothing.
  const std::string& remark() const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace relay
