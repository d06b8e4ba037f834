#include <relay/base/reach.hpp>

#include <algorithm>
#include <array>

namespace relay {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

ip_address destination(const ip_address& target) noexcept {
  const auto plain = without_mapping(target);
  if (!plain.is_unspecified()) return plain;
  if (!plain.is_v6()) return ip_address::v4(std::array<std::uint8_t, 4>{127, 0, 0, 1});
  std::array<std::uint8_t, 16> loopback{};
  loopback.back() = 1;
  return ip_address::v6(loopback);
}

}  // namespace

ip_address without_mapping(const ip_address& address) noexcept {
  const auto bytes = address.bytes();
  if (!address.is_v6() || !std::ranges::equal(bytes.first<12>(), mapped_prefix)) return address;
  return ip_address::v4(bytes.last<4>());
}

reach reaches(const ip_address& listener, bool ipv6_only, const ip_address& target) noexcept {
  const auto to = destination(target);
  const auto at = without_mapping(listener);
  if (!at.is_unspecified())
    return std::ranges::equal(at.bytes(), to.bytes()) ? reach::yes : reach::no;
  if (at.is_v6() ? !to.is_v6() && ipv6_only : to.is_v6()) return reach::no;
  return to.is_loopback() ? reach::yes : reach::if_local;
}

}  // namespace relay
