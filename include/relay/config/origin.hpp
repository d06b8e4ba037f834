#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace relay::config {

/// The text a configuration was read from, kept so that messages can show it.
struct source {
  std::string name;  ///< path, `REALM_CONF`, `command line`
  std::string text;
};

/// Where a value stands: a source and a byte offset into its text. Line and column are computed
/// only when somebody prints them. Two values are equal wherever they stand, so this compares
/// equal.
struct origin {
  std::shared_ptr<const source> from;
  std::size_t offset = 0;

  /// `relay.toml:3:10`; the name alone when there is no text; `unknown place` without a source.
  std::string to_string() const;
  friend bool operator==(const origin&, const origin&) noexcept { return true; }
};

}  // namespace relay::config
