#include "entry.hpp"

#include <relay/config/load.hpp>

namespace relay::config {
namespace {

using fuzz::require;

/// Settings are written in every way there is and read again.
void check_round_trips(const settings& made) {
  for (const auto print : {to_toml, to_json}) {
    for (const auto how : {extent::all, extent::needed}) {
      const auto again = load_text("again", print(made, how), {});
      require(again.value == made, "what is written reads back to equal settings");
    }
  }
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
  (void)unsupported(made.value);
  (void)duplicate_listens(made.value);
  if (made.value.endpoints.size() < 100) check_round_trips(made.value);
}

}  // namespace
}  // namespace relay::config

/// Whatever the text: settings, or a config_error. Any other exception ends the process.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  relay::config::try_out(std::string(relay::fuzz::text_of(data, size)));
  return 0;
}
