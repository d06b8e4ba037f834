#pragma once

#include <relay/base/log.hpp>
#include <relay/config/load.hpp>

#include <iosfwd>
#include <string>

namespace relay::app {

/// What an operator has to see at the start: it stands on the standard error whatever the level of
/// the log, and in the log as well, unless the two are one terminal or one journal.
class start_messages {
 public:
  start_messages(logs& log, std::ostream& err) : log_(log), err_(err) {}

  void error(const std::string& message);
  void warning(const std::string& message);
  /// With the excerpt of the configuration on the standard error.
  void problem(const config::problem& what);
  /// The same in the log alone: the standard error has it already.
  void log_only(const config::problem& what);

 private:
  logs& log_;
  std::ostream& err_;
};

}  // namespace relay::app
