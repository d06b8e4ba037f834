#include "text.hpp"

#include <relay/config/balance.hpp>

#include <array>
#include <charconv>
#include <optional>

namespace relay::config {
namespace {

constexpr std::array all{strategy::off, strategy::roundrobin, strategy::iphash};

std::optional<std::uint8_t> weight(std::string_view text) {
  std::uint8_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, value);
  if (ec != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace

std::string_view to_string(strategy what) noexcept {
  switch (what) {
    case strategy::off:
      return "off";
    case strategy::roundrobin:
      return "roundrobin";
    case strategy::iphash:
      return "iphash";
  }
  return "unknown";
}

balancing read_balance(std::string_view text) {
  balancing made;
  const auto colon = text.find(':');
  made.has_colon = colon != std::string_view::npos;
  made.name = trimmed(text.substr(0, colon));
  for (const auto each : all) {
    if (made.name != to_string(each)) continue;
    made.by = each;
    made.is_known = true;
  }
  if (!made.has_colon) return made;
  for (const auto part : split(text.substr(colon + 1), ',')) {
    if (const auto number = weight(part)) {
      made.weights.push_back(*number);
    } else {
      made.dropped.push_back(part);
    }
  }
  return made;
}

}  // namespace relay::config
