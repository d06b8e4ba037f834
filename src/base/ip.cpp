#include <relay/base/ip.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

namespace relay {

namespace {

/// Those of ::/96 whose last 32 bits the C library writes with dots, though nobody calls them IPv4
/// any more (RFC 5952, section 5). `::ffff:1.2.3.4` is none of them, nor is `::1`.
bool is_ipv4_compatible(std::span<const std::uint8_t, 16> bytes) noexcept {
  const auto head = bytes.first<12>();
  return std::ranges::all_of(head, [](auto byte) { return byte == 0; }) &&
         (bytes[12] != 0 || bytes[13] != 0);
}

}  // namespace

ip_address ip_address::v4(std::span<const std::uint8_t, 4> bytes) noexcept {
  ip_address made;
  std::ranges::copy(bytes, made.bytes_.begin());
  return made;
}

ip_address ip_address::v6(std::span<const std::uint8_t, 16> bytes, std::uint32_t scope) noexcept {
  ip_address made;
  std::ranges::copy(bytes, made.bytes_.begin());
  made.scope_ = scope;
  made.v6_ = true;
  return made;
}

std::optional<ip_address> ip_address::parse(std::string_view text) {
  // An embedded NUL would hide what follows it from inet_pton.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::array<std::uint8_t, 16> raw{};
  std::string plain(text);
  if (::inet_pton(AF_INET, plain.c_str(), raw.data()) == 1) {
    return v4(std::span<const std::uint8_t, 4>(raw.data(), 4));
  }
  std::uint32_t scope = 0;
  if (const auto percent = text.find('%'); percent != std::string_view::npos) {
    const auto digits = text.substr(percent + 1);
    const auto* const end = digits.data() + digits.size();
    const auto [stop, ec] = std::from_chars(digits.data(), end, scope);
    if (digits.empty() || ec != std::errc{} || stop != end) return std::nullopt;
    plain.resize(percent);
  }
  if (::inet_pton(AF_INET6, plain.c_str(), raw.data()) != 1) return std::nullopt;
  return v6(raw, scope);
}

bool ip_address::is_unspecified() const noexcept {
  return std::ranges::all_of(bytes(), [](auto byte) { return byte == 0; });
}

bool ip_address::is_null() const noexcept {
  const auto all = bytes();
  const auto is_zero = [](auto byte) { return byte == 0; };
  const bool ends_in_zeros = std::ranges::all_of(all.last(4), is_zero);
  if (!v6_ || !ends_in_zeros) return ends_in_zeros && !v6_;
  const bool is_mapped = all[10] == 0xff && all[11] == 0xff;
  return std::ranges::all_of(all.first(is_mapped ? 10 : 12), is_zero);
}

bool ip_address::is_loopback() const noexcept {
  if (!v6_) return bytes_[0] == 127;
  return bytes_[15] == 1 &&
         std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto b) { return b == 0; });
}

std::string ip_address::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (v6_ && is_ipv4_compatible(bytes_)) {
    std::snprintf(text, sizeof text, "::%x:%x", bytes_[12] << 8 | bytes_[13],
                  bytes_[14] << 8 | bytes_[15]);
  } else {
    ::inet_ntop(family(), bytes_.data(), text, sizeof text);
  }
  std::string made = text;
  if (scope_ != 0) made += '%' + std::to_string(scope_);
  return made;
}

std::optional<ip_endpoint> ip_endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = ip_address::parse(host);
  if (!address || address->is_v6() != bracketed) return std::nullopt;
  std::uint16_t port = 0;
  const auto* const end = digits.data() + digits.size();
  const auto [stop, ec] = std::from_chars(digits.data(), end, port);
  if (digits.empty() || ec != std::errc{} || stop != end) return std::nullopt;
  return ip_endpoint{*address, port};
}

std::string ip_endpoint::to_string() const {
  const auto host = address.to_string();
  return (address.is_v6() ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

socket_address::socket_address(const ip_endpoint& from) noexcept {
  const auto bytes = from.address.bytes();
  if (from.address.is_v6()) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(from.port);
    v6.sin6_scope_id = from.address.scope();
    std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    length = sizeof v6;
  } else {
    v4 = {};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(from.port);
    std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
    length = sizeof v4;
  }
}

ip_endpoint socket_address::endpoint() const noexcept {
  if (any.sa_family == AF_INET6) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return {ip_address::v6(bytes, v6.sin6_scope_id), ntohs(v6.sin6_port)};
  }
  if (any.sa_family == AF_INET) {
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
    return {ip_address::v4(bytes), ntohs(v4.sin_port)};
  }
  return {};
}

}  // namespace relay
