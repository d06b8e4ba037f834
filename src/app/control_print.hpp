#pragma once

#include <relay/app/command_line.hpp>

#include <string>

namespace relay::app {

/// What a running relay has answered, for people: `result` is the JSON text of docs/control.md.
std::string printed_answer(command asked, const std::string& result);

}  // namespace relay::app
