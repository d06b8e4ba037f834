#include "assemble.hpp"

#include <map>

namespace relay::config {

void check_names(const settings& what, findings& found) {
  std::map<std::string_view, const endpoint*> first;
  for (const auto& each : what.endpoints) {
    if (each.name.empty()) continue;
    const auto [holder, is_new] = first.emplace(each.name, &each);
    if (is_new) continue;
    // Places take their time to be told, and all endpoints may have one name.
    if (!found.wants(problem::level::error)) {
      found.error(each.origin, {});
      continue;
    }
    found.error(place_of(each, "name"),
                "`name`: `" + each.name + "` is already the name of the endpoint at " +
                    place_of(*holder->second, "name").to_string(),
                "each endpoint has a name of its own, or none");
  }
}

}  // namespace relay::config
