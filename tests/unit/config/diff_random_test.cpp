#include "config/tables.hpp"
#include "unit/config/random_settings.hpp"
#include "unit/config/rules.hpp"

#include <relay/config/keys.hpp>

#include <set>

namespace relay::config {
namespace {

using kind = endpoint_change::kind;
using keys = std::vector<std::string>;

/// The old endpoints, and of the new ones only what the difference asks for.
std::vector<endpoint> applied(const changes& what, const std::vector<endpoint>& from,
                              const std::vector<endpoint>& to) {
  std::vector<endpoint> made;
  const auto take = [&](const auto& rows, const std::string& prefix, const keys& wanted,
                        const auto& source, auto& into) {
    for (const auto& each : rows) {
      const bool is_wanted =
          std::ranges::find(wanted, prefix + std::string(each.name)) != wanted.end();
      if (is_wanted) each.copy(source, into);
    }
  };
  for (const auto& each : what.endpoints) {
    if (!each.after) continue;
    EXPECT_EQ(*each.after, made.size()) << "the order of the new settings";
    made.push_back(each.before ? from.at(*each.before) : to.at(*each.after));
    const auto& source = to.at(*each.after);
    take(endpoint_keys(), "", each.keys, source, made.back());
    take(network_keys(), "network.", each.keys, source.network, made.back().network);
  }
  return made;
}

/// Each endpoint is in there once, with the indices that its kind has.
void expect_complete(const changes& what, const settings& from, const settings& to) {
  std::vector<int> before(from.endpoints.size()), after(to.endpoints.size());
  for (const auto& each : what.endpoints) {
    EXPECT_EQ(each.before.has_value(), each.what != kind::added);
    EXPECT_EQ(each.after.has_value(), each.what != kind::removed);
    EXPECT_EQ(each.keys.empty(), each.what != kind::changed);
    if (each.before) ++before.at(*each.before);
    if (each.after) ++after.at(*each.after);
  }
  EXPECT_EQ(before, std::vector<int>(before.size(), 1));
  EXPECT_EQ(after, std::vector<int>(after.size(), 1));
}

/// What an operator makes of settings: some endpoints go, some come, some change, some move.
settings edited(const settings& from, unsigned seed) {
  std::mt19937 random(seed);
  auto made = test::random_settings(seed + 1000).make();
  auto& rules = made.endpoints;
  for (const auto& each : from.endpoints) {
    if (random() % 4 == 0) continue;
    rules.push_back(each);
    if (random() % 2 == 0) rules.back().network.warm += 1;
    if (random() % 3 == 0) rules.back().listen.ports.last += 1;
    if (random() % 3 == 0) rules.back().name.clear();
    if (random() % 4 == 0) rules.push_back(rules.back());
  }
  std::ranges::shuffle(rules, random);
  return made;
}

TEST(RandomDiff, AppliedToTheOldEndpointsMakesTheNewOnes) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto from = test::random_settings(seed).make();
    const auto to = edited(from, seed);
    const auto made = diff(from, to);
    expect_complete(made, from, to);
    EXPECT_TRUE(applied(made, from.endpoints, to.endpoints) == to.endpoints);
  }
}

TEST(RandomDiff, OfSettingsToThemselvesIsEmpty) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto one = edited(test::random_settings(seed).make(), seed);  // with duplicates
    EXPECT_TRUE(diff(one, one).empty()) << test::brief(diff(one, one));
    EXPECT_TRUE(
        diff(test::random_settings(seed).make(), test::random_settings(seed).make()).empty());
  }
}

/// All names that `diff` may give.
std::set<std::string> names_of_keys() {
  std::set<std::string> made;
  for (const auto& each : known_keys()) {
    const std::string table(each.table), name(each.name);
    if (table.empty() || !each.alias_of.empty() || name == "network") continue;
    made.insert(table == "endpoints" ? name : table + '.' + name);
  }
  return made;
}

keys all_of(const changes& what) {
  auto made = what.follows;
  made.insert(made.end(), what.needs_restart.begin(), what.needs_restart.end());
  for (const auto& each : what.endpoints)
    made.insert(made.end(), each.keys.begin(), each.keys.end());
  return made;
}

/// Two settings of one endpoint each, which is known by its name whatever else differs.
std::pair<settings, settings> two(unsigned seed) {
  std::pair<settings, settings> made;
  for (auto* each : {&made.first, &made.second}) {
    while (each->endpoints.empty()) *each = test::random_settings(seed += 1000).make();
    each->endpoints.resize(1);
    each->endpoints.front().name = each == &made.first ? "a" : "b";
  }
  return made;
}

TEST(RandomDiff, NoticesEachKeyOfEachTableThatAloneDiffers) {
  std::set<std::string> noticed;
  for (unsigned seed = 0; seed < 40; ++seed) {
    const auto [one, other] = two(seed);
    const auto look = [&, &from = one](const std::string& name, const auto& row, const auto& source,
                                       auto table_of) {
      auto to = from;
      row.copy(source, table_of(to));
      const auto found = all_of(diff(from, to));
      if (row.is_equal(table_of(from), source)) {
        EXPECT_EQ(found, keys{}) << name << ", seed " << seed;
      } else {
        EXPECT_EQ(found, keys{name}) << "seed " << seed;
        noticed.insert(name);
      }
    };
    for_each_table([&, &source = other](const std::string& name, const auto& rows, auto table) {
      for (const auto& row : rows) {
        look(
            name + '.' + std::string(row.name), row,
            source.*table, [&](auto& in) -> auto& { return in.*table; });
      }
    });
    const auto& rule = other.endpoints.front();
    for (const auto& row : endpoint_keys()) {
      look(
          std::string(row.name), row, rule, [](auto& in) -> auto& { return in.endpoints.front(); });
    }
    for (const auto& row : network_keys()) {
      look(
          "network." + std::string(row.name), row, rule.network,
          [](auto& in) -> auto& { return in.endpoints.front().network; });
    }
  }
  EXPECT_EQ(noticed, names_of_keys());
}

TEST(RandomDiff, TellsWhatFollowsFromWhatNeedsARestart) {
  std::set<std::string> follow, wait;
  for (unsigned seed = 0; seed < 40; ++seed) {
    const auto made =
        diff(test::random_settings(seed).make(), test::random_settings(seed + 1).make());
    follow.insert(made.follows.begin(), made.follows.end());
    wait.insert(made.needs_restart.begin(), made.needs_restart.end());
  }
  EXPECT_EQ(follow, (std::set<std::string>{"log.level", "log.output", "process.bind",
                                           "process.max_connections", "process.shutdown_timeout",
                                           "process.watch"}));
  auto all = names_of_keys();
  std::erase_if(all, [&](const std::string& each) {
    const bool is_outside = each.starts_with("log.") || each.starts_with("dns.") ||
                            each.starts_with("process.") || each.starts_with("control.");
    return !is_outside || follow.contains(each);
  });
  EXPECT_EQ(wait, all);
}

}  // namespace
}  // namespace relay::config
