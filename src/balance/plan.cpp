#include <relay/balance/plan.hpp>
#include <relay/base/text.hpp>

#include <array>
#include <charconv>
#include <optional>

namespace relay::balance {
namespace {

constexpr std::array all{strategy::off, strategy::roundrobin, strategy::iphash};

std::optional<std::uint8_t> small_number(std::string_view text) {
  std::uint8_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, value);
  if (ec != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// `/1` to the length of an address: with no bits at all everybody would be the same client.
std::optional<std::uint8_t> prefix_length(std::string_view text, std::uint8_t most) {
  if (!text.starts_with('/')) return std::nullopt;
  const auto number = small_number(text.substr(1));
  return number && *number >= 1 && *number <= most ? number : std::nullopt;
}

}  // namespace

std::optional<client_prefix> read_client_prefix(std::string_view text) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto v4 = prefix_length(trimmed(text.substr(0, comma)), 32);
  const auto v6 = prefix_length(trimmed(text.substr(comma + 1)), 128);
  if (!v4 || !v6) return std::nullopt;
  return client_prefix{*v4, *v6};
}

std::string to_string(const client_prefix& what) {
  return '/' + std::to_string(what.v4) + ",/" + std::to_string(what.v6);
}

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
    if (const auto number = small_number(part)) {
      made.weights.push_back(*number);
    } else {
      made.dropped.push_back(part);
    }
  }
  return made;
}

}  // namespace relay::balance
