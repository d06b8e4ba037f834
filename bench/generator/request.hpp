#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace relay::bench {

/// What the server does with a connection; the first bytes of each connection say it.
enum class role : char {
  sink = 's',       ///< throws away what comes
  source = 'd',     ///< sends without end
  both = 'b',       ///< both at once
  exchange = 'x',   ///< answers each `ask` bytes with `answer` bytes
  paced = 'p',      ///< takes stamped chunks and notes how old they are
  both_ways = 'v',  ///< checks `ask` bytes and sends as many, at once
  half_close = 'h'  ///< the same, but sends only when the client has ended its side
};

struct request {
  role what = role::sink;
  std::array<char, 3> unused{};
  std::uint32_t ask = 0;
  std::uint32_t answer = 0;

  std::array<char, 12> bytes() const noexcept {
    std::array<char, 12> made{};
    std::memcpy(made.data(), this, made.size());
    return made;
  }
};
static_assert(sizeof(request) == 12);

/// In front of each chunk of a paced sender.
struct stamp {
  std::int64_t due = 0;    ///< nanoseconds of the steady clock
  std::uint64_t size = 0;  ///< of the chunk, with this
};

}  // namespace relay::bench
