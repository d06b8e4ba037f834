#include "plan_values.hpp"

#include <relay/config/words.hpp>

#include <nlohmann/json.hpp>

#include <array>

namespace relay::config {

namespace {

using json = nlohmann::ordered_json;
using kind = endpoint_change::kind;

constexpr auto kind_words = std::to_array<word<kind>>({
    {"same", kind::same},
    {"changed", kind::changed},
    {"added", kind::added},
    {"removed", kind::removed},
});

/// What a file would have there; TOML and JSON spell all values alike.
json value_of(const shown_value& what) {
  if (what.told.empty()) return nullptr;
  auto made = json::parse(what.printed, nullptr, false);
  return made.is_discarded() ? json(what.printed) : made;
}

template <class Side>
json steps(const std::vector<std::string>& keys, const Side& before, const Side& after) {
  auto made = json::array();
  for (const auto& each : keys) {
    made.push_back({{"key", each},
                    {"before", value_of(show(before, each))},
                    {"after", value_of(show(after, each))}});
  }
  return made;
}

json about(const endpoint_change& what, const plan_context& in) {
  const auto& subject = in.subject(what);
  json made;
  made["change"] = word_for(kind_words, what.what);
  made["name"] = subject.name.empty() ? json(nullptr) : json(subject.name);
  made["listen"] = subject.listen.to_string();
  made["remote"] = subject.remote.to_string();
  if (what.what == kind::changed) {
    made["listens_elsewhere"] = what.listens_elsewhere;
    made["keys"] = steps(what.keys, in.from.endpoints[*what.before], subject);
  }
  if (what.what != kind::added) {
    if (const auto count = in.sessions(what)) made["sessions"] = *count;
    made["fate"] = word_for(on_change_words, fate_of(what, in.from, in.to));
  }
  return made;
}

}  // namespace

std::string plan_json(const changes& what, const settings& from, const settings& to,
                      const session_counts& live) {
  const plan_context in{from, to, live};
  json made;
  made["changes"] = !what.empty();
  made["endpoints"] = json::array();
  for (const auto& each : what.endpoints) {
    if (each.what != kind::same) made["endpoints"].push_back(about(each, in));
  }
  made["follows"] = steps(what.follows, from, to);
  made["needs_restart"] = steps(what.needs_restart, from, to);
  // A text that is no UTF-8 must not end the answer.
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace relay::config
