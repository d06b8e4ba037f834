#pragma once

#include <functional>

namespace relay::forward {

class association;
class associations;
class connection;

/// What is done with each session of a lane, on its worker. One that is given may be ended; what
/// the functions return is whether they want to see more.
struct session_visitor {
  std::function<bool(connection&)> on_connection;
  std::function<bool(associations&, association&)> on_association;
  /// All have been seen, or enough.
  std::function<void()> on_done;
};

}  // namespace relay::forward
