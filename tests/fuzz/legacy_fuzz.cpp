#include "entry.hpp"

#include <relay/config/load.hpp>

#include <optional>

namespace relay::config {
namespace {

using fuzz::require;

// A range can make 65,536 rules of a few bytes: they are made once, but not read again.
constexpr std::size_t most_read_again = 20'000;

std::optional<std::string> converted(const std::string& text, convert_format format) {
  try {
    return convert_legacy("input", text, format);
  } catch (const config_error& failure) {
    require(!failure.problems().empty(), "a refusal says why");
    return std::nullopt;
  }
}

std::optional<settings> loaded_from(const std::string& text) {
  try {
    return load_text("text", text, {}).value;
  } catch (const config_error&) {
    return std::nullopt;
  }
}

void try_out(const std::string& text) {
  const auto toml = converted(text, convert_format::toml);
  if (toml && toml->size() > most_read_again) return;
  const auto json = converted(text, convert_format::json);
  require(toml.has_value() == json.has_value(), "the format decides nothing");
  if (!toml) return;
  const auto before = loaded_from(text);
  if (!before) return;  // loading checks more than converting does
  require(loaded_from(*toml) == before, "TOML loads to the same endpoints");
  require(loaded_from(*json) == before, "JSON loads to the same endpoints");
  require(convert_text("input", text, convert_format::json).text == *json,
          "it is known for what it is");
}

}  // namespace
}  // namespace relay::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  relay::config::try_out(std::string(relay::fuzz::text_of(data, size)));
  return 0;
}
