#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relay::document {

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

/// The place `at` bytes into a text that is the value of the key at `where`. The key's own place
/// where the text does not stand there as it is: with escapes in it, or on a command line.
origin place_within(const origin& where, std::string_view value, std::size_t at);

/// Which keys of one table were given, and where. The values of the others are their defaults. It
/// compares equal, as an origin does.
class key_origins {
 public:
  /// `key` is the name of a known key: a literal, which outlives this.
  void set(std::string_view key, origin where);
  bool has(std::string_view key) const;
  /// The place of the key; an origin without a source when it was not given.
  origin at(std::string_view key) const;
  friend bool operator==(const key_origins&, const key_origins&) noexcept { return true; }

 private:
  std::vector<std::pair<std::string_view, origin>> given_;
};

}  // namespace relay::document
