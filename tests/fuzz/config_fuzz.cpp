#include "entry.hpp"

#include <relay/config/load.hpp>

namespace relay::config {
namespace {

using fuzz::require;

/// Settings are written and read again, in one of the four ways, since each takes long: `which`.
void check_round_trip(const settings& made, std::size_t which) {
  const auto print = which % 2 == 0 ? to_toml : to_json;
  const auto how = which / 2 % 2 == 0 ? extent::needed : extent::all;
  const auto again = load_text("again", print(made, how), {});
  require(again.value == made, "what is written reads back to equal settings");
}

void try_out(const std::string& text) {
  loaded made;
  try {
    made = load_text("input", text, {});
  } catch (const config_error& failure) {
    require(!failure.problems().empty(), "a refusal says why");
    require(*failure.what() != '\0', "in words");
    return;
  }
  for (const auto& each : made.warnings) (void)render(each);
  (void)duplicate_listens(made.value);
  if (made.value.endpoints.size() < 100) check_round_trip(made.value, text.size());
}

}  // namespace
}  // namespace relay::config

/// Whatever the text: settings, or a config_error. Any other exception ends the process.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  relay::config::try_out(std::string(relay::fuzz::text_of(data, size)));
  return 0;
}
