#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace relay {

/// An IPv4 or IPv6 address (with numeric scope, 0 = none). A default one is 0.0.0.0.
class ip_address {
 public:
  constexpr ip_address() noexcept = default;
  static ip_address v4(std::span<const std::uint8_t, 4> bytes) noexcept;
  static ip_address v6(std::span<const std::uint8_t, 16> bytes, std::uint32_t scope = 0) noexcept;
  /// `1.2.3.4`, `::1`, `fe80::1%2`; no brackets, no names, no leading zeros. Nothing if it is not
  /// an address.
  static std::optional<ip_address> parse(std::string_view text);

  bool is_v6() const noexcept { return v6_; }
  /// AF_INET or AF_INET6.
  int family() const noexcept { return v6_ ? AF_INET6 : AF_INET; }
  /// 4 or 16 bytes in network order.
  std::span<const std::uint8_t> bytes() const noexcept {
    return std::span(bytes_).first(v6_ ? 16 : 4);
  }
  std::uint32_t scope() const noexcept { return scope_; }
  bool is_unspecified() const noexcept;
  bool is_loopback() const noexcept;
  /// 0.0.0.0, ::, and 0.0.0.0 written as IPv6 (::ffff:0.0.0.0): what a name server means by "none".
  bool is_null() const noexcept;
  /// Compressed lower-case text, without brackets.
  std::string to_string() const;

  friend bool operator==(const ip_address&, const ip_address&) = default;
  friend auto operator<=>(const ip_address&, const ip_address&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint32_t scope_ = 0;
  bool v6_ = false;
};

/// An address and a port, as a socket has it.
struct ip_endpoint {
  ip_address address;
  std::uint16_t port = 0;

  /// `1.2.3.4:5`, `[::1]:5`.
  static std::optional<ip_endpoint> parse(std::string_view text);
  std::string to_string() const;

  friend bool operator==(const ip_endpoint&, const ip_endpoint&) = default;
  friend auto operator<=>(const ip_endpoint&, const ip_endpoint&) = default;
};

/// A sockaddr of IPv4 or IPv6, ready for a system call; small, since every flow of datagrams has
/// one.
struct socket_address {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6{};
  };
  socklen_t length = sizeof(sockaddr_in6);

  socket_address() = default;
  explicit socket_address(const ip_endpoint& from) noexcept;
  sockaddr* data() noexcept { return &any; }
  const sockaddr* data() const noexcept { return &any; }
  /// Unspecified for families other than IPv4 and IPv6.
  ip_endpoint endpoint() const noexcept;
};

}  // namespace relay
