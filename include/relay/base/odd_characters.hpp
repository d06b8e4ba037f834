#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace relay {

/// A character that looks like one of a configuration's own, or like nothing at all: input methods,
/// word processors and web pages put it there, and an editor does not show the difference.
struct odd_character {
  std::size_t at = 0;        ///< where it begins
  std::string_view bytes;    ///< the character in UTF-8
  std::string_view name;     ///< `a full-width colon (U+FF1A)`
  std::string_view instead;  ///< what was meant; empty: nothing, it is a mark without width

  /// `write ":" instead`, `remove it`.
  std::string advice() const;
};

/// The first of them in the text. Letters of other scripts are none: names may have them.
std::optional<odd_character> find_odd_character(std::string_view text);

/// The one that the text begins with.
std::optional<odd_character> odd_character_at_start(std::string_view text);

}  // namespace relay
