#include "unit/config/loading.hpp"

#include <relay/config/keys.hpp>

#include <set>
#include <sstream>

namespace relay::config {
namespace {

/// `table.key` of the rows of the document.
struct documented {
  std::set<std::string> keys;
  std::string all;
};

/// What stands between the first two backticks.
std::string in_backticks(const std::string& line) {
  const auto first = line.find('`');
  const auto last = line.find('`', first + 1);
  return first == std::string::npos ? "" : line.substr(first + 1, last - first - 1);
}

documented read_document() {
  documented made;
  std::ifstream file(std::filesystem::path(RELAY_SOURCE_DIR) / "docs" / "configuration.md");
  std::string table;
  bool counts = false;
  for (std::string line; std::getline(file, line);) {
    made.all += line + '\n';
    if (line.starts_with("## ")) {
      counts = line.starts_with("## Table ") || line == "## Top level";
      table = in_backticks(line);
    } else if (counts && line.starts_with("| `")) {
      const auto key = table + '.' + in_backticks(line);
      EXPECT_TRUE(made.keys.insert(key).second) << key << " is there twice";
    }
  }
  return made;
}

TEST(ConfigurationDocument, HasARowForEachKeyThatTheReaderKnowsAndNoOther) {
  std::set<std::string> known;
  for (const auto& each : known_keys()) {
    known.insert(std::string(each.table) + '.' + std::string(each.name));
  }
  EXPECT_EQ(read_document().keys, known);
}

TEST(ConfigurationDocument, NamesTheEnvironmentVariables) {
  const auto text = read_document().all;
  for (const auto* name : {"REALM_CONF", "RELAY_CONF", "RELAY_WORKERS", "TOKIO_WORKER_THREADS"}) {
    EXPECT_NE(text.find("| `" + std::string(name) + "` |"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace relay::config
