#include <relay/wire/proxy.hpp>

#include <algorithm>
#include <cassert>
#include <string>

namespace relay::wire {

namespace {

/// The address as IPv6: an IPv4 address in its mapped form, a scope left out.
ip_address as_v6(const ip_address& from) {
  std::array<std::uint8_t, 16> bytes{};
  const auto own = from.bytes();
  if (!from.is_v6()) bytes[10] = bytes[11] = 0xff;
  std::ranges::copy(own, bytes.end() - static_cast<std::ptrdiff_t>(own.size()));
  return ip_address::v6(bytes);
}

/// Both addresses in the family in which they are sent: IPv6 unless both are IPv4.
proxy_addresses in_one_family(const proxy_addresses& of) {
  if (!of.source.address.is_v6() && !of.destination.address.is_v6()) return of;
  return {{as_v6(of.source.address), of.source.port},
          {as_v6(of.destination.address), of.destination.port}};
}

std::array<std::byte, 2> big_endian(std::size_t value) {
  return {static_cast<std::byte>(value >> 8 & 0xff), static_cast<std::byte>(value & 0xff)};
}

}  // namespace

void proxy_bytes::append(std::span<const std::byte> more) noexcept {
  assert(more.size() <= bytes_.size() - size_);
  std::ranges::copy(more, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += more.size();
}

void proxy_bytes::append(std::string_view more) noexcept { append(std::as_bytes(std::span(more))); }

proxy_addresses only_source(const ip_endpoint& source) noexcept {
  constexpr std::array<std::uint8_t, 16> nowhere{};
  return {source, {source.address.is_v6() ? ip_address::v6(nowhere) : ip_address(), 0}};
}

proxy_bytes write_proxy_v1(const proxy_addresses& of) {
  const auto [source, destination] = in_one_family(of);
  proxy_bytes made;
  made.append(source.address.is_v6() ? "PROXY TCP6 " : "PROXY TCP4 ");
  made.append(source.address.to_string() + ' ' + destination.address.to_string() + ' ');
  made.append(std::to_string(source.port) + ' ' + std::to_string(destination.port) + "\r\n");
  return made;
}

proxy_bytes write_proxy_v2(const proxy_addresses& of, proxy_transport as) {
  assert(as != proxy_transport::unspecified && "then addresses have no meaning");
  const auto [source, destination] = in_one_family(of);
  const bool v6 = source.address.is_v6();
  const auto family = v6 ? proxy_family::inet6 : proxy_family::inet;
  proxy_bytes made;
  made.append(std::string_view("\r\n\r\n\0\r\nQUIT\n\x21", 13));
  const auto kind =
      static_cast<std::byte>(static_cast<unsigned>(family) << 4 | static_cast<unsigned>(as));
  made.append(std::span(&kind, 1));
  made.append(big_endian(v6 ? 36 : 12));
  made.append(std::as_bytes(source.address.bytes()));
  made.append(std::as_bytes(destination.address.bytes()));
  made.append(big_endian(source.port));
  made.append(big_endian(destination.port));
  return made;
}

}  // namespace relay::wire
