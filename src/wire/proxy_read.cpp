#include "proxy_line.hpp"

#include <algorithm>

namespace relay::wire {

namespace {

/// A line feed first: no text protocol begins so, and old servers fail on it at once.
constexpr std::array<std::uint8_t, 12> signature{'\r', '\n', '\r', '\n', 0,   '\r',
                                                 '\n', 'Q',  'U',  'I',  'T', '\n'};
constexpr std::size_t fixed = 16;  // signature, version and command, family and transport, length

std::uint16_t number_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

/// Bytes of addresses and ports that a family has.
std::size_t block_size(proxy_family family) {
  switch (family) {
    case proxy_family::unspecified:
      return 0;
    case proxy_family::inet:
      return 12;
    case proxy_family::inet6:
      return 36;
    case proxy_family::unix_path:
      return 216;
  }
  return 0;
}

proxy_addresses read_block(std::span<const std::uint8_t> block, bool v6) {
  proxy_addresses made;
  const std::size_t width = v6 ? 16 : 4;
  const auto address = [&](std::size_t at) {
    return v6 ? ip_address::v6(block.subspan(at).first<16>())
              : ip_address::v4(block.subspan(at).first<4>());
  };
  made.source = {address(0), number_at(block, 2 * width)};
  made.destination = {address(width), number_at(block, 2 * width + 2)};
  return made;
}

/// What is wrong with the bytes before the length; empty while nothing is.
std::string_view objection(std::span<const std::uint8_t> seen) {
  const auto common = std::min(seen.size(), signature.size());
  if (!std::ranges::equal(seen.first(common), std::span(signature).first(common))) {
    return "there is no PROXY header";
  }
  if (seen.size() > 12) {
    if (seen[12] >> 4 != 2) return "the version is neither 1 nor 2";
    if ((seen[12] & 15) > 1) return "the command is neither LOCAL nor PROXY";
  }
  if (seen.size() > 13) {
    if (seen[13] >> 4 > 3) return "the address family is unknown";
    if ((seen[13] & 15) > 2) return "the transport is unknown";
  }
  return {};
}

/// Version 2.
proxy_answer read_binary(std::span<const std::uint8_t> seen) {
  if (const auto why = objection(seen); !why.empty()) return proxy_refusal{why};
  if (seen.size() < fixed) return proxy_needs{fixed - seen.size()};
  proxy_header made;
  made.version = 2;
  made.command = static_cast<proxy_command>(seen[12] & 15);
  made.family = static_cast<proxy_family>(seen[13] >> 4);
  made.transport = static_cast<proxy_transport>(seen[13] & 15);
  const std::size_t length = number_at(seen, 14);
  // With LOCAL the sender speaks for itself, and the whole block has no meaning (section 2.2).
  const bool proxied = made.command == proxy_command::proxy;
  if (proxied && length < block_size(made.family)) {
    return proxy_refusal{"the addresses are shorter than their family"};
  }
  const bool v6 = made.family == proxy_family::inet6;
  if (proxied && made.transport != proxy_transport::unspecified &&
      (v6 || made.family == proxy_family::inet)) {
    const auto end = fixed + block_size(made.family);
    if (seen.size() < end) return proxy_needs{end - seen.size()};
    made.addresses = read_block(seen.subspan(fixed), v6);
  }
  made.consumed = std::min(seen.size(), fixed + length);
  made.skip = fixed + length - made.consumed;
  return made;
}

}  // namespace

proxy_answer read_proxy(std::span<const std::byte> seen) {
  const auto* const data = seen.data();
  if (!seen.empty() && seen.front() == std::byte{signature[0]}) {
    return read_binary({reinterpret_cast<const std::uint8_t*>(data), seen.size()});
  }
  return read_proxy_line({reinterpret_cast<const char*>(data), seen.size()});
}

}  // namespace relay::wire
