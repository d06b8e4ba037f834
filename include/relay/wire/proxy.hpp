#pragma once

#include <relay/base/ip.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

/// The PROXY protocol (haproxy, "The PROXY protocol, versions 1 & 2"): who really opened a
/// connection, told by the one who passes it on, in front of its first byte. Bytes in, values out:
/// nothing here knows a socket or a clock.
namespace relay::wire {

enum class proxy_command : std::uint8_t { local = 0, proxy = 1 };
enum class proxy_family : std::uint8_t { unspecified = 0, inet = 1, inet6 = 2, unix_path = 3 };
enum class proxy_transport : std::uint8_t { unspecified = 0, stream = 1, datagram = 2 };

/// Both ends of the connection that a header tells about.
struct proxy_addresses {
  ip_endpoint source;       ///< the client
  ip_endpoint destination;  ///< whom the client connected to; unspecified, port 0: not known

  friend bool operator==(const proxy_addresses&, const proxy_addresses&) = default;
};

/// A header that was read. Its bytes are `consumed` of those seen, and `skip` after these, which
/// nobody needs to keep: whoever reads throws so many away before the payload begins.
struct proxy_header {
  std::size_t consumed = 0;
  std::size_t skip = 0;  ///< at most 65,535; 0 in version 1; in a datagram: it was cut off
  int version = 1;
  proxy_command command = proxy_command::proxy;
  proxy_family family = proxy_family::unspecified;
  proxy_transport transport = proxy_transport::unspecified;
  /// Known for IPv4 and IPv6 with the command PROXY; look at `transport` for which kind.
  std::optional<proxy_addresses> addresses;

  friend bool operator==(const proxy_header&, const proxy_header&) = default;
};

/// Right so far, but cut off.
struct proxy_needs {
  /// Bytes that are surely still to come, at least 1. They belong to the header, so that many may
  /// be read without touching the payload.
  std::size_t more = 1;

  friend bool operator==(const proxy_needs&, const proxy_needs&) = default;
};

/// No header, whatever follows.
struct proxy_refusal {
  std::string_view why;  ///< a literal, for the line about it: "the port is not a number"

  friend bool operator==(const proxy_refusal&, const proxy_refusal&) = default;
};

using proxy_answer = std::variant<proxy_needs, proxy_header, proxy_refusal>;

/// What a reader must be able to keep: the longest line of version 1. Of version 2, which is longer
/// only by what is skipped, an answer is found within 52 bytes.
constexpr std::size_t longest_proxy_header = 107;

/// Reads a header of either version at the start of `seen`, which holds everything since the
/// connection was opened, or the first `longest_proxy_header` bytes of that. Refuses at the first
/// byte that cannot be right. How the bytes came in pieces makes no difference.
proxy_answer read_proxy(std::span<const std::byte> seen);

/// The bytes of a header that is sent.
class proxy_bytes {
 public:
  operator std::span<const std::byte>() const noexcept { return std::span(bytes_).first(size_); }
  std::span<const std::byte> span() const noexcept { return *this; }

  void append(std::span<const std::byte> more) noexcept;
  void append(std::string_view more) noexcept;

 private:
  std::array<std::byte, longest_proxy_header> bytes_{};
  std::size_t size_ = 0;
};

/// What is told when only the client is known: the destination is the unspecified address of its
/// family, port 0.
proxy_addresses only_source(const ip_endpoint& source) noexcept;

/// `PROXY TCP4 1.2.3.4 5.6.7.8 9 10` and CRLF. An IPv4 and an IPv6 address together are sent as
/// IPv6, the former as `::ffff:1.2.3.4`; a scope is this machine's own business and is left out.
proxy_bytes write_proxy_v1(const proxy_addresses& of);
/// The binary form, command PROXY, without TLVs; families as in version 1. `as` is not unspecified.
proxy_bytes write_proxy_v2(const proxy_addresses& of, proxy_transport as = proxy_transport::stream);

}  // namespace relay::wire
