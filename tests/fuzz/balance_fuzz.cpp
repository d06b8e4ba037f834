#include "entry.hpp"

#include <relay/balance/plan.hpp>

#include <algorithm>
#include <functional>

namespace relay::balance {
namespace {

using fuzz::require;

bool is_part_of(std::string_view part, std::string_view text) {
  if (part.empty()) return true;
  const std::less_equal<> before;
  return before(text.data(), part.data()) &&
         before(part.data() + part.size(), text.data() + text.size());
}

void try_out(std::string_view text) {
  const auto made = read_balance(text);
  require(is_part_of(made.name, text), "the name is a part of the text");
  if (made.is_known) require(made.name == to_string(made.by), "a strategy is known by its name");
  require(made.is_known || made.by == strategy::off, "what is unknown is off");
  const auto commas = static_cast<std::size_t>(std::ranges::count(text, ','));
  require(made.weights.size() + made.dropped.size() <= commas + 1, "no item comes from nowhere");
  for (const auto each : made.dropped) {
    require(!each.empty() && is_part_of(each, text), "what is dropped can be shown");
  }
  if (!made.has_colon) require(made.weights.empty(), "weights follow the colon");
}

}  // namespace
}  // namespace relay::balance

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  relay::balance::try_out(relay::fuzz::text_of(data, size));
  return 0;
}
