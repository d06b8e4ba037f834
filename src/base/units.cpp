#include <relay/base/units.hpp>

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace relay {

namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<unit, 5> durations{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
// The larger ones first: printing takes the first that divides.
constexpr std::array<unit, 9> sizes{{{"TiB", 1ULL << 40},
                                     {"GiB", 1ULL << 30},
                                     {"MiB", 1ULL << 20},
                                     {"KiB", 1ULL << 10},
                                     {"TB", 1'000'000'000'000},
                                     {"GB", 1'000'000'000},
                                     {"MB", 1'000'000},
                                     {"KB", 1000},
                                     {"B", 1}}};
constexpr std::array<unit, 5> bits{{{"Tbit", 1'000'000'000'000},
                                    {"Gbit", 1'000'000'000},
                                    {"Mbit", 1'000'000},
                                    {"kbit", 1000},
                                    {"bit", 1}}};

struct quantity {
  std::uint64_t number = 0;
  std::string_view suffix;  ///< behind the digits and one blank
};

parsed<quantity> split(std::string_view text, std::string_view examples) {
  quantity made;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), made.number);
  if (ec == std::errc::result_out_of_range) {
    return parsed<quantity>::bad('`' + std::string(text) + "` is too large");
  }
  if (ec != std::errc{}) {
    return parsed<quantity>::bad('`' + std::string(text) + "` is not a number with a unit; write " +
                                 std::string(examples));
  }
  made.suffix = text.substr(static_cast<std::size_t>(stop - text.data()));
  if (made.suffix.size() > 1 && made.suffix.front() == ' ') made.suffix.remove_prefix(1);
  return parsed<quantity>::good(made);
}

/// number times the factor of its unit; no unit means `otherwise`.
parsed<std::uint64_t> scale(const quantity& from, std::span<const unit> units,
                            std::uint64_t otherwise, std::string_view examples) {
  using answer = parsed<std::uint64_t>;
  auto factor = from.suffix.empty() ? otherwise : 0;
  for (const auto& each : units) {
    if (each.name == from.suffix) factor = each.factor;
  }
  if (factor == 0) {
    return answer::bad('`' + std::string(from.suffix) + "` is not a unit; write " +
                       std::string(examples));
  }
  if (from.number > std::numeric_limits<std::uint64_t>::max() / factor) {
    return answer::bad('`' + std::to_string(from.number) + std::string(from.suffix) +
                       "` is too large");
  }
  return answer::good(from.number * factor);
}

}  // namespace

parsed<std::chrono::milliseconds> parse_duration(std::string_view text) {
  using answer = parsed<std::chrono::milliseconds>;
  constexpr std::string_view examples = "250ms, 5s, 2m or 1h";
  const auto parts = split(text, examples);
  if (!parts) return answer::bad(parts.wrong);
  const auto scaled = scale(*parts, durations, 1000, examples);
  if (!scaled) return answer::bad(scaled.wrong);
  if (*scaled > static_cast<std::uint64_t>(std::chrono::milliseconds::max().count())) {
    return answer::bad('`' + std::string(text) + "` is too large");
  }
  return answer::good(std::chrono::milliseconds(*scaled));
}

parsed<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view examples = "64MiB, 512KiB, 10MB or 4096B";
  const auto parts = split(text, examples);
  if (!parts) return parsed<std::uint64_t>::bad(parts.wrong);
  return scale(*parts, sizes, 1, examples);
}

parsed<std::uint64_t> parse_rate(std::string_view text) {
  using answer = parsed<std::uint64_t>;
  constexpr std::string_view examples = "10Mbit/s or 5MiB/s";
  auto parts = split(text, examples);
  if (!parts) return answer::bad(parts.wrong);
  auto& suffix = parts.value->suffix;
  if (suffix.empty()) return answer::good(parts->number);
  if (!suffix.ends_with("/s")) {
    return answer::bad('`' + std::string(text) + "` is not a rate; write " + std::string(examples));
  }
  suffix.remove_suffix(2);
  if (!suffix.ends_with("bit")) return scale(*parts, sizes, 0, examples);
  const auto scaled = scale(*parts, bits, 0, examples);
  if (!scaled) return scaled;
  // 0 stands for "no limit", so a limit must not become it by rounding.
  if (*scaled > 0 && *scaled < 8) return answer::bad("a rate is at least 8bit/s");
  return answer::good(*scaled / 8);
}

std::string print_duration(std::chrono::milliseconds value) {
  const auto count = value.count();
  if (count % 1000 == 0) return std::to_string(count / 1000) + 's';
  return std::to_string(count) + "ms";
}

std::string print_size(std::uint64_t bytes) {
  if (bytes == 0) return "0B";
  for (const auto& each : sizes) {
    if (bytes % each.factor == 0) return std::to_string(bytes / each.factor).append(each.name);
  }
  return std::to_string(bytes) + 'B';
}

std::string print_rate(std::uint64_t bytes_per_second) {
  return print_size(bytes_per_second) + "/s";
}

}  // namespace relay
