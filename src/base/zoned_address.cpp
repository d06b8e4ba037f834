#include <relay/base/zoned_address.hpp>

#include <net/if.h>

#include <algorithm>

namespace relay {

bool is_link_local(const ip_address& address) noexcept {
  const auto bytes = address.bytes();
  return address.is_v6() && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

std::optional<zoned_address> zoned_address::parse(std::string_view text) {
  const auto percent = text.find('%');
  if (percent == std::string_view::npos) return std::nullopt;
  const auto device = text.substr(percent + 1);
  // The kernel would allow brackets; in an address they could not be told from those around it.
  const auto is_odd = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7f ||
           std::string_view("/%:[]").find(c) != std::string_view::npos;
  };
  if (device.empty() || device.size() >= IF_NAMESIZE || std::ranges::any_of(device, is_odd))
    return std::nullopt;
  // Digits alone are a scope, and one that is too large is a mistake.
  if (device.find_first_not_of("0123456789") == std::string_view::npos) return std::nullopt;
  const auto address = ip_address::parse(text.substr(0, percent));
  if (!address || !address->is_v6()) return std::nullopt;
  return zoned_address{*address, std::string(device)};
}

std::optional<ip_address> zoned_address::resolve() const {
  const auto index = ::if_nametoindex(device.c_str());
  if (index == 0) return std::nullopt;
  return ip_address::v6(address.bytes().first<16>(), index);
}

}  // namespace relay
