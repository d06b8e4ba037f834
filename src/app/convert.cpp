#include "commands.hpp"

#include <relay/base/error.hpp>

#include <cerrno>
#include <fstream>
#include <ostream>
#include <sstream>

namespace relay::app {
namespace {

int cannot(const environment& with, const char* verb, const std::string& path) {
  const auto why = describe(last_system_error());
  with.err << "error: cannot " << verb << ' ' << path << ": " << why << '\n';
  return exit_config;
}

}  // namespace

int convert(const invocation& given, const environment& with) {
  errno = 0;
  std::ifstream in(given.input, std::ios::binary);
  std::ostringstream text;
  // Opening a folder succeeds, reading it does not.
  if (!in || (in.peek() == std::ifstream::traits_type::eof() && errno != 0))
    return cannot(with, "read", given.input);
  text << in.rdbuf();
  const auto made = config::convert_legacy(given.input, std::move(text).str(), given.format);
  if (!given.output) {
    with.out << made << '\n';
    return exit_done;
  }
  std::ofstream file(*given.output, std::ios::binary | std::ios::trunc);
  if (!file || !(file << made) || !file.flush()) return cannot(with, "write", *given.output);
  return exit_done;
}

}  // namespace relay::app
