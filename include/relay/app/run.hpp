#pragma once

#include <relay/app/serve.hpp>
#include <relay/config/config.hpp>
#include <relay/ops/variable.hpp>

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace relay::app {

/// What run() takes from outside, so that a test sees what would be served.
struct environment {
  ops::variable_reader variable;
  std::ostream& out;
  std::ostream& err;
  std::function<int(const config::settings&, logs&, const serve_options&)> serve;
};

/// The whole program: understands the command line, does what it says, returns the exit code.
int run(int argc, const char* const* argv, const environment& with);

}  // namespace relay::app
