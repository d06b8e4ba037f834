#pragma once

namespace relay::document {

/// Whether a byte of UTF-8 goes on with a character: nothing is cut in front of it.
constexpr bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

}  // namespace relay::document
