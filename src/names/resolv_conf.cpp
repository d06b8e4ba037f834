#include <relay/names/resolv_conf.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <sstream>

namespace relay::names {
namespace {

constexpr std::size_t max_search = 32;
constexpr std::size_t max_nameservers = 8;

// The number behind `key`, as in `ndots:2`, brought into the range.
std::optional<int> option_value(std::string_view option, std::string_view key, int least,
                                int most) {
  if (!option.starts_with(key)) return std::nullopt;
  option.remove_prefix(key.size());
  int value = 0;
  const auto [stop, ec] = std::from_chars(option.data(), option.data() + option.size(), value);
  if (ec != std::errc{} || stop != option.data() + option.size()) return std::nullopt;
  return std::clamp(value, least, most);
}

void read_option(std::string_view option, resolv_conf& into) {
  if (option == "rotate") into.rotate = true;
  if (const auto dots = option_value(option, "ndots:", 0, 15)) into.ndots = *dots;
  if (const auto tries = option_value(option, "attempts:", 1, 5)) into.attempts = *tries;
  if (const auto time = option_value(option, "timeout:", 1, 30)) {
    into.timeout = std::chrono::seconds(*time);
  }
}

std::string domain_name(std::string_view written) {
  while (written.ends_with('.')) written.remove_suffix(1);
  return lower_case(written);
}

}  // namespace

std::string lower_case(std::string_view name) {
  std::string made(name);
  for (auto& each : made) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  }
  return made;
}

resolv_conf parse_resolv_conf(std::string_view text) {
  resolv_conf made;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (const auto comment = line.find_first_of("#;"); comment != std::string::npos) {
      line.resize(comment);
    }
    std::istringstream words(line);
    std::string key;
    words >> key;
    const std::vector<std::string> values(std::istream_iterator<std::string>(words), {});
    if (values.empty()) continue;
    if (key == "nameserver") {
      const auto address = ip_address::parse(values.front());
      if (address && made.nameservers.size() < max_nameservers) {
        made.nameservers.push_back(*address);
      }
    } else if (key == "domain" || key == "search") {
      made.search.clear();
      for (const auto& each : values) {
        auto name = domain_name(each);
        if (!name.empty() && made.search.size() < max_search) {
          made.search.push_back(std::move(name));
        }
        if (key == "domain") break;
      }
    } else if (key == "options") {
      for (const auto& each : values) read_option(each, made);
    }
  }
  return made;
}

std::vector<std::string> search_candidates(std::string_view name, const resolv_conf& conf) {
  std::vector<std::string> made;
  if (name.ends_with('.')) {
    made.emplace_back(name.substr(0, name.size() - 1));
    return made;
  }
  for (const auto& domain : conf.search) made.push_back(std::string(name) + '.' + domain);
  const auto dots = std::ranges::count(name, '.');
  made.emplace(dots >= conf.ndots ? made.begin() : made.end(), name);
  return made;
}

}  // namespace relay::names
