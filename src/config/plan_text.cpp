#include "plan_values.hpp"

#include <relay/base/units.hpp>
#include <relay/document/codecs.hpp>

namespace relay::config {

namespace {

using kind = endpoint_change::kind;

std::string listen_of(const endpoint& what) {
  return document::unquoted(document::quote(what.listen.to_string()));
}

/// What operators know it by.
std::string label(const endpoint& what) { return what.name.empty() ? listen_of(what) : what.name; }

/// `web: listen 0.0.0.0:80 => 10.0.0.1:80 and 2 more`.
std::string route_of(const endpoint& what) {
  auto text = what.name.empty() ? listen_of(what) : what.name + ": listen " + listen_of(what);
  text += " => " + document::unquoted(document::quote(what.remote.to_string()));
  if (const auto more = what.extra_remotes.size(); more > 0) {
    text += " and " + std::to_string(more) + " more";
  }
  return text;
}

/// `remote a:1 -> b:1`.
template <class Side>
std::string step(const std::string& key, const Side& before, const Side& after) {
  const auto told = [](std::string value) { return value.empty() ? "none" : value; };
  return key + ' ' + told(show(before, key).told) + " -> " + told(show(after, key).told);
}

/// ` (12 sessions live on)`; empty: there are none.
std::string sessions_of(const endpoint_change& what, const plan_context& in) {
  const auto count = in.sessions(what);
  if (count == std::uint64_t{0}) return {};
  const bool is_one = count == std::uint64_t{1};
  auto text = count ? std::to_string(*count) + (is_one ? " session " : " sessions ") : "sessions ";
  const auto limit = in.to.process.shutdown_timeout;
  const auto fate = fate_of(what, in.from, in.to);
  if (fate == fate::keep) {
    text += is_one ? "lives on" : "live on";
  } else if (fate == fate::drain && limit.count() > 0) {
    text += (is_one ? "has " : "have ") + print_duration(limit) + " to end";
  } else {
    text += is_one ? "ends at once" : "end at once";
  }
  return " (" + text + ')';
}

std::string line_about(const endpoint_change& what, const plan_context& in) {
  const auto& subject = in.subject(what);
  if (what.what == kind::added) return "+ " + route_of(subject) + '\n';
  if (what.what == kind::removed) return "- " + route_of(subject) + sessions_of(what, in) + '\n';
  auto text = "~ " + label(subject) + ": ";
  const auto& before = in.from.endpoints[*what.before];
  std::string_view between;
  for (const auto& each : what.keys) {
    text.append(between).append(step(each, before, subject));
    between = ", ";
  }
  return text + sessions_of(what, in) + '\n';
}

}  // namespace

std::string plan_text(const changes& what, const settings& from, const settings& to,
                      const session_counts& live) {
  if (what.empty()) return "nothing changes\n";
  const plan_context in{from, to, live};
  std::string text;
  for (const auto& each : what.endpoints) {
    if (each.what != kind::same) text += line_about(each, in);
  }
  for (const auto& each : what.follows) text += "~ " + step(each, from, to) + '\n';
  for (const auto& each : what.needs_restart) {
    text += "! " + step(each, from, to) + " needs a restart\n";
  }
  return text;
}

}  // namespace relay::config
