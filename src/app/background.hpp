#pragma once

#include <relay/base/unique_fd.hpp>

#include <optional>
#include <string>

namespace relay::app {

/// `-d`: a process of its own session, whose caller waits until it serves or has failed. Until then
/// the new process keeps stdout and stderr, so that its user sees what it says.
class background {
 public:
  /// Forks twice. Three outcomes: `exit_with()` is set in the caller, which should end with it;
  /// `failure()` says why nothing was forked; otherwise this is the process that goes on. There
  /// must be no other thread.
  static background start();

  std::optional<int> exit_with() const noexcept { return exit_; }
  const std::string& failure() const noexcept { return failure_; }

  /// In the new process: it serves. Standard streams go to the null device, the caller ends with 0.
  void serves();
  /// In the new process: it ends with this code; the caller does the same, unless it has ended.
  void ended(int code);

 private:
  void tell(int code);

  std::optional<int> exit_;
  std::string failure_;
  unique_fd report_;  ///< one byte: the caller's exit code
};

}  // namespace relay::app
