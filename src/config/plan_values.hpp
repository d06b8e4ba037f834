#pragma once

#include <relay/config/plan.hpp>

#include <optional>
#include <string>
#include <string_view>

/// What the two forms of a plan are made of.
namespace relay::config {

/// The value of a key, for people and as a file has it. Nothing told: there is no value.
struct shown_value {
  std::string told;
  std::string printed;
};

/// `key` is one that `diff` has named: of an endpoint, or of the tables beside them.
shown_value show(const endpoint& in, std::string_view key);
shown_value show(const settings& in, std::string_view key);

/// The two settings that a plan is about, and how many sessions there are.
struct plan_context {
  const settings& from;
  const settings& to;
  const session_counts& live;

  /// The endpoint as it will be, or as it was if it is removed.
  const endpoint& subject(const endpoint_change& of) const {
    return of.after ? to.endpoints[*of.after] : from.endpoints[*of.before];
  }
  /// Nothing: nobody counts.
  std::optional<std::uint64_t> sessions(const endpoint_change& of) const {
    if (!live || !of.before) return std::nullopt;
    return live(*of.before);
  }
};

}  // namespace relay::config
