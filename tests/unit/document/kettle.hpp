#pragma once

#include <relay/document/table_reader.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace relay::document::test {

/// A table that no program of ours has: the engine knows no key.
struct kettle {
  std::string owner;
  bool whistles = true;
  std::int64_t litres = 1;
  std::chrono::milliseconds boils{60000};
  key_origins keys{};
  friend bool operator==(const kettle&, const kettle&) = default;
};

inline const schema<kettle>& kettle_keys() {
  static const schema<kettle> rows{
      key("owner", &kettle::owner, text_codec{}).required(),
      key("whistles", &kettle::whistles, flag_codec{}).or_named("sings"),
      key("litres", &kettle::litres, number_codec<std::int64_t>{1, 9}),
      key("boils", &kettle::boils, time_codec{}),
  };
  return rows;
}

/// What was read of a text, and what was found, one `LINE:COLUMN level message | hint` a line.
struct reading {
  kettle value;
  std::string said;
};

inline std::string listed(findings& found) {
  std::string all;
  for (const auto& each : found.take()) {
    all += each.where.to_string();
    all += each.severity == problem::level::error ? " error " : " warning ";
    all += each.message + (each.hint.empty() ? "" : " | " + each.hint) + '\n';
  }
  return all;
}

inline reading read(const std::string& text, const vocabulary& words = {}) {
  reading made;
  findings found;
  const auto from = make_source("t", text);
  if (const auto root = read_tree(from, found)) {
    table_reader reader("kettle", *root, from, words, found);
    reader.read(kettle_keys(), made.value);
    reader.warn_about_the_rest();
  }
  made.said = listed(found);
  return made;
}

}  // namespace relay::document::test
