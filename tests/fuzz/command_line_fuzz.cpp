#include "entry.hpp"

#include <relay/app/command_line.hpp>

#include <algorithm>

namespace relay::app {
namespace {

using fuzz::require;

/// The words of a command line, one a line.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> made;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    made.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return made;
}

void check_endpoints(const invocation& given) {
  try {
    const auto made = config::load_command_line(given.endpoints, given.forced);
    require(made.value.endpoints.size() == given.endpoints.size(), "no endpoint is lost");
  } catch (const config::config_error& failure) {
    require(!failure.problems().empty(), "a refusal says why");
  }
}

void try_out(std::string_view text) {
  const auto words = words_of(text);
  const auto answer = parse(words);
  if (const auto* wrong = std::get_if<usage_error>(&answer)) {
    // Without a message the help is shown: there was nothing to do.
    require(!wrong->message.empty() || words.empty() || wrong->about == command::convert,
            "a refusal says why");
    return;
  }
  const auto& given = std::get<invocation>(answer);
  const bool serves = given.what == command::relay || given.what == command::check;
  if (serves) require(!given.endpoints.empty() || !given.missing.empty(), "nothing is missed");
  if (serves && given.missing.empty()) check_endpoints(given);
}

}  // namespace
}  // namespace relay::app

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  relay::app::try_out(relay::fuzz::text_of(data, size));
  return 0;
}
