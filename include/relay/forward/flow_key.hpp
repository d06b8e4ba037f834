#pragma once

#include <relay/base/ip.hpp>
#include <relay/pump/datagrams.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace relay::forward {

/// Tells the flows of datagrams at one endpoint apart: the client's address and port, the address
/// of ours that it uses (its answers must come from there), and which port of a range. All
/// listeners of an endpoint have the same family.
struct flow_key {
  std::array<std::uint8_t, 16> client{};
  std::array<std::uint8_t, 16> own{};
  std::uint32_t scope = 0;  ///< of a link-local client
  std::uint16_t port = 0;   ///< in network order
  std::uint16_t nth = 0;

  flow_key(const socket_address& from, const pump::own_address& to, std::uint16_t port_index)
      : own(to.bytes), nth(port_index) {
    if (from.any.sa_family == AF_INET6) {
      std::memcpy(client.data(), &from.v6.sin6_addr, client.size());
      scope = from.v6.sin6_scope_id;
      port = from.v6.sin6_port;
    } else {
      std::memcpy(client.data(), &from.v4.sin_addr, sizeof from.v4.sin_addr);
      port = from.v4.sin_port;
    }
  }

  friend bool operator==(const flow_key& a, const flow_key& b) noexcept {
    return std::memcmp(&a, &b, sizeof a) == 0;  // no padding, see below
  }
};
static_assert(sizeof(flow_key) == 40);

/// Seeded, since clients choose their addresses: nobody can aim at one bucket.
class flow_hash {
 public:
  explicit flow_hash(std::uint64_t seed = 0) noexcept : seed_(seed | 1) {}

  std::size_t operator()(const flow_key& key) const noexcept {
    std::array<std::uint64_t, sizeof(flow_key) / 8> words;
    std::memcpy(words.data(), &key, sizeof key);
    auto mixed = seed_;
    for (const auto word : words) mixed = multiply(mixed ^ word, 0x9e3779b97f4a7c15U ^ seed_);
    return static_cast<std::size_t>(multiply(mixed, 0xd1342543de82ef95U));  // the last word, too
  }

 private:
  // Both halves of the 128-bit product: every bit of the input reaches every bit of the result.
  static std::uint64_t multiply(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using wide = unsigned __int128;
    const auto product = static_cast<wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  std::uint64_t seed_;
};

}  // namespace relay::forward
