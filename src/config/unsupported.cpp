#include "assemble.hpp"

#include <relay/config/keys.hpp>

#include <algorithm>
#include <set>
#include <tuple>

namespace relay::config {

namespace {

/// A key of an endpoint or its network that is read but does nothing yet.
struct later {
  std::string_view key;
  bool (*used)(const endpoint&);
  std::string_view advice;
};

constexpr std::string_view remove_it = "remove it";

const network defaults{};

// When something becomes available, its rows go, and nothing else has to change here.
constexpr auto rows = std::to_array<later>({
    {"warm", [](const endpoint& e) { return e.network.warm != 0; }, "remove it or set it to 0"},
    {"warm_max_age",
     [](const endpoint& e) { return e.network.warm_max_age != defaults.warm_max_age; }, remove_it},
});

problem not_yet(origin where, std::string_view key, std::string_view advice) {
  return {problem::level::error, std::move(where),
          '`' + std::string(key) + "` is not available yet in this version", std::string(advice)};
}

}  // namespace

std::vector<problem> unsupported(const settings& what) {
  std::vector<problem> made;
  if (what.process.socket_memory != 0) {
    made.push_back(not_yet(what.process.keys.at("socket_memory"), "socket_memory", remove_it));
  }
  // A global key would be told once per endpoint.
  std::set<std::tuple<const source*, std::size_t, std::string_view>> told;
  for (const auto& each : what.endpoints) {
    for (const auto& row : rows) {
      if (!row.used(each)) continue;
      const auto where = place_of(each, row.key);
      if (told.emplace(where.from.get(), where.offset, row.key).second) {
        made.push_back(not_yet(where, row.key, row.advice));
      }
    }
  }
  return made;
}

std::vector<unavailable_key> unavailable_keys() {
  std::vector<unavailable_key> made{{"process", "socket_memory"}};
  const auto all = known_keys();
  for (const auto& row : rows) {
    const auto in_network = std::ranges::any_of(all, [&](const known_key& each) {
      return each.table == "network" && each.name == row.key;
    });
    made.push_back({in_network ? "network" : "endpoints", row.key});
  }
  return made;
}

}  // namespace relay::config
