#pragma once

#include "log_output.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace relay {

/// Takes lines from any thread without ever waiting for the output, and writes them on a thread of
/// its own, in order. Lines wait in a bounded ring; those that do not fit, or that the output
/// refuses, are counted, and a line says how many once writing goes on.
///
/// Destroying it writes what waits, for up to `farewell`. After that the thread is left behind: it
/// is in a call of the kernel that nobody can end, and uses nothing but what it shares.
class log_writer {
 public:
  /// Makes a line of the log's own; called on the writing thread.
  using line_maker = std::function<std::string(bool is_error, const std::string& text)>;
  static constexpr std::chrono::milliseconds farewell{1000};

  /// Throws std::system_error when there can be no thread.
  log_writer(log_output to, std::size_t bytes, line_maker own_line);
  log_writer(const log_writer&) = delete;
  log_writer& operator=(const log_writer&) = delete;
  ~log_writer();

  void put(std::string_view line);
  /// Waits until all that was put before is written, for `limit` at most; false: it is not.
  bool flush(std::chrono::milliseconds limit);
  /// Has the file opened again before the next line, also for a line that waits for a reader; an
  /// error is told in the old one. Does not wait.
  void reopen();
  /// Has the next line, also one that waits for a reader, go there. Does not wait.
  void redirect(log_output to);

 private:
  struct state;
  std::shared_ptr<state> state_;
  std::thread thread_;
};

}  // namespace relay
