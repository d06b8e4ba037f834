#pragma once

#include <spdlog/fwd.h>

#include <memory>
#include <string>
#include <string_view>

namespace relay {

/// The process's log: one sink, one `spdlog::logger` per target. Lines look like realm's:
/// `[2024-01-31][23:59:59][target][LEVEL]text`, local time. Lives longer than whoever logs;
/// loggers may be used from every worker.
class logs {
 public:
  enum class level { off, error, warn, info, debug, trace };

  /// `output`: `stdout`, `stderr`, or a file that is created or appended to.
  /// Throws std::system_error when the file cannot be opened.
  logs(level filter, std::string output);
  ~logs();

  /// The logger of a target such as `relay` or `realm_core::tcp::middle`; made on first use.
  spdlog::logger& target(std::string_view name);

  /// Opens the file again (after logrotate moved it); does nothing for stdout and stderr. When it
  /// cannot be opened the old file stays in use and the answer says why.
  std::string reopen();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace relay
