#pragma once

#include <relay/config/config.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What a reload changes, as a value: a function of the settings before and after, which needs
/// neither sockets nor a running relay.
namespace relay::config {

/// What becomes of one endpoint.
struct endpoint_change {
  enum class kind : std::uint8_t { same, changed, added, removed };
  kind what = kind::same;
  std::optional<std::size_t> before;  ///< index into the endpoints of the old settings; none: added
  std::optional<std::size_t> after;   ///< of the new; none: removed
  bool listens_elsewhere = false;     ///< addresses, protocols or options of its listeners differ
  std::vector<std::string> keys;      ///< that differ, as written: `remote`, `network.tcp_timeout`
};

struct changes {
  /// In the order of the new settings, then the removed ones.
  std::vector<endpoint_change> endpoints;
  /// Keys outside of endpoints that differ, but hold from the start to the end of a process:
  /// `process.user`.
  std::vector<std::string> needs_restart;
  /// Those that differ and are applied: `log.level`.
  std::vector<std::string> follows;

  /// Nothing differs but, at most, the order of the endpoints.
  bool empty() const noexcept;
  /// How many endpoints are not the same.
  std::size_t differing() const noexcept;
};

changes diff(const settings& from, const settings& to);

/// What becomes of the sessions of an endpoint that is changed, by what its new settings say, or
/// removed, by what the old ones said. Those of the others are kept.
fate fate_of(const endpoint_change& what, const settings& from, const settings& to);

}  // namespace relay::config
