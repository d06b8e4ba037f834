#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// The little of TLS that can be told without a library: how a connection begins.
namespace relay::wire {

constexpr std::size_t tls_header_bytes = 5;

enum class tls_begin : std::uint8_t {
  undecided,  ///< so far it may be TLS: more is wanted
  record,     ///< the header of a record is there
  alien,      ///< whatever follows, it is no TLS
};

struct tls_beginning {
  tls_begin what = tls_begin::undecided;
  std::size_t wanted = tls_header_bytes;  ///< of a record: its bytes, header included
  friend bool operator==(const tls_beginning&, const tls_beginning&) = default;
};

/// What the first bytes of a connection are.
tls_beginning read_tls_beginning(std::span<const std::byte> bytes) noexcept;

}  // namespace relay::wire
