#include <relay/base/cidr.hpp>

#include <algorithm>
#include <charconv>

namespace relay {

namespace {

constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

ip_address unmapped(const ip_address& address) noexcept {
  const auto bytes = address.bytes();
  if (!address.is_v6() || !std::ranges::equal(bytes.first(12), mapped)) return address;
  return ip_address::v4(bytes.last<4>());
}

/// The address with all bits behind the prefix cleared, and without a scope.
ip_address masked(const ip_address& address, int prefix) noexcept {
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(address.bytes(), bytes.begin());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const int kept = std::clamp(prefix - static_cast<int>(at) * 8, 0, 8);
    bytes[at] = static_cast<std::uint8_t>(bytes[at] & (0xff00 >> kept));
  }
  if (address.is_v6()) return ip_address::v6(bytes);
  return ip_address::v4(std::span(bytes).first<4>());
}

parsed<cidr> refused(std::string_view text, const std::string& why) {
  return parsed<cidr>::bad('`' + std::string(text) + "` " + why);
}

/// The IPv4 block means the clients of both kinds of listeners, so there is no need for another.
parsed<cidr> refused_as_mapped(std::string_view text, const ip_address& plain, int prefix) {
  // Who thinks of IPv4 may have counted its bits only.
  const int meant = prefix >= 96 ? prefix - 96 : prefix;
  const cidr block{masked(plain, meant), meant};
  return refused(text, "is a block of IPv4 addresses in IPv6 form; write " +
                           (meant <= 32 ? block.to_string() : "the IPv4 block, as 10.0.0.0/8"));
}

}  // namespace

parsed<cidr> cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = ip_address::parse(text.substr(0, slash));
  if (!address || address->scope() != 0) {
    return refused(text, "is not a block of addresses; write 10.0.0.0/8 or fd00::/8");
  }
  const int most = address->is_v6() ? 128 : 32;
  int prefix = most;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto* const end = digits.data() + digits.size();
    const auto [stop, ec] = std::from_chars(digits.data(), end, prefix);
    if (ec != std::errc{} || stop != end || prefix < 0 || prefix > most) {
      return refused(digits, "is not a prefix length; it takes 0 to " + std::to_string(most));
    }
    if (digits != std::to_string(prefix)) {
      return refused(digits, "is not a prefix length; write " + std::to_string(prefix));
    }
  }
  const cidr made{masked(*address, prefix), prefix};
  if (const auto plain = unmapped(*address); plain != *address)
    return refused_as_mapped(text, plain, prefix);
  if (made.network != *address)
    return refused(text, "has bits behind its prefix; write " + made.to_string());
  return parsed<cidr>::good(made);
}

bool cidr::contains(const ip_address& address) const noexcept {
  const auto plain = network.is_v6() ? address : unmapped(address);
  return plain.is_v6() == network.is_v6() && masked(plain, prefix) == network;
}

std::string cidr::to_string() const { return network.to_string() + '/' + std::to_string(prefix); }

}  // namespace relay
