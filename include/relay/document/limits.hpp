#pragma once

#include <cstddef>
#include <string_view>

/// How large a document may be: whatever is larger is a mistake, and a way to fill the memory.
namespace relay::document {

/// In bytes, of a text or of all files of a folder.
constexpr std::size_t largest_text = 16U << 20;

/// A value takes a hundred bytes of memory, however short it was written.
constexpr std::size_t most_values = 2'000'000;

/// Nobody nests this deep; the limit keeps hostile texts from exhausting the stack, since whatever
/// reads, walks or destroys a tree may then recurse.
constexpr std::size_t max_depth = 64;

constexpr std::string_view too_large = "this is larger than a configuration can be (16 MiB)";
constexpr std::string_view too_many_values = "there are more values than a configuration can have";

}  // namespace relay::document
