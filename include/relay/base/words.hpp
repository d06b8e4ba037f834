#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace relay {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that was probably meant by `word`; empty when none is near.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates);

/// `a`, `a or b`, `a, b or c`.
std::string join_words(std::span<const std::string_view> words);

}  // namespace relay
