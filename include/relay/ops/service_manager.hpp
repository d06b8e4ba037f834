#pragma once

#include <relay/base/error.hpp>
#include <relay/base/unique_fd.hpp>
#include <relay/ops/variable.hpp>

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace relay::ops {

/// The program that started this one and wants to hear how it fares, if there is one (systemd's
/// Type=notify). Datagrams to NOTIFY_SOCKET, without libsystemd. No call ever waits: what the
/// socket has no room for is kept, and sent by tick(). Without the variable nothing happens.
///
/// An answer with an error is for the log; it is given once for each text that is lost.
class service_manager {
 public:
  using milliseconds = std::chrono::milliseconds;

  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. `started_as`: the process that was
  /// started, which with `-d` is another than the one that serves.
  service_manager(const variable_reader& variable, pid_t started_as);

  bool listens() const noexcept { return !socket_name_.empty(); }

  /// All that was asked for is served, by this process.
  error_code ready(std::string_view status);
  /// The end has begun and may take `limit`, however long the manager would wait by itself.
  error_code stopping(milliseconds limit, std::string_view status);

  /// Something for an operator to read.
  error_code status(std::string_view text);

  /// How soon tick() wants to be called; nothing: not at all.
  std::optional<milliseconds> due() const;
  /// Sends what was kept, or else the sign of life that the watchdog asks for, if all is well.
  error_code tick(bool is_well = true);

 private:
  error_code tell(std::string text);
  error_code flush();
  error_code send(std::string_view text);

  std::string socket_name_;
  std::optional<milliseconds> watchdog_;  ///< a sign of life is due within this
  unique_fd socket_;
  std::deque<std::string> unsent_;
};

}  // namespace relay::ops
