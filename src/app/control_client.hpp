#pragma once

#include <relay/ops/control_place.hpp>
#include <relay/ops/control_protocol.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace relay::app {

/// Nobody could be asked.
struct nobody_there {
  std::string message;
  bool is_running = false;  ///< somebody is there all the same, but does not let us in or answer
};

using control_answer = std::variant<ops::control_reply, nobody_there>;

/// Asks the relay whose socket is at `path`, and waits for its answer: for `limit` at most, 0 for
/// as long as it takes.
control_answer ask_control(const std::string& path, const ops::control_request& what,
                           std::chrono::milliseconds limit);

/// The living socket that is meant where nobody has said which: the one at the usual place, or the
/// only other one in its folder. Otherwise why there is none.
std::variant<std::string, nobody_there> find_control_socket(const ops::control_place& usual);

}  // namespace relay::app
