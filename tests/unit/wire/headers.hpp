#pragma once

#include <relay/wire/proxy.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace relay::wire::test {

inline std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline proxy_answer read(std::string_view text) { return read_proxy(bytes(text)); }

/// A header of version 2; `length` is what the header says, whatever the block really is.
inline std::string binary(int command, int kind, std::string_view block, std::size_t length) {
  std::string made("\r\n\r\n\0\r\nQUIT\n", 12);
  for (const auto byte : {static_cast<std::size_t>(command), static_cast<std::size_t>(kind),
                          length >> 8, length & 255}) {
    made += static_cast<char>(byte);
  }
  return made.append(block);
}
inline std::string binary(int command, int kind, std::string_view block) {
  return binary(command, kind, block, block.size());
}

/// What a reader that is fed piece by piece says in the end; `step` 0: as many bytes as are surely
/// still to come. Checks what holds for every piece on the way.
inline proxy_answer read_in_pieces(std::string_view text, std::size_t step) {
  std::size_t seen = 0;
  for (;;) {
    const auto kept = std::min(seen, longest_proxy_header);
    // A copy of its own, so that a sanitizer sees every byte that is read beyond.
    const std::string part(text.substr(0, kept));
    auto answer = read(part);
    const auto* needs = std::get_if<proxy_needs>(&answer);
    if (needs == nullptr || seen >= text.size()) return answer;
    EXPECT_GE(needs->more, 1U);
    EXPECT_LT(kept, longest_proxy_header) << "it must have an answer by now";
    seen = std::min(seen + (step == 0 ? needs->more : step), text.size());
  }
}

/// The number of bytes after which the text is refused; 0: it is not.
inline std::size_t refused_after(std::string_view text) {
  for (std::size_t size = 0; size <= text.size(); ++size) {
    if (std::holds_alternative<proxy_refusal>(read(text.substr(0, size)))) return size;
  }
  return 0;
}

}  // namespace relay::wire::test
