#include <relay/balance/rendezvous.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <map>

namespace relay::balance {
namespace {

constexpr std::uint64_t fnv_start = 0xcbf29ce484222325;

// FNV-1a: bytes to a number. Its low quality does not matter, since `mix` follows.
std::uint64_t add_byte(std::uint64_t sum, std::uint8_t byte) {
  return (sum ^ byte) * 0x100000001b3;
}

// The finaliser of splitmix64: every bit of the result depends on every bit of the argument.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t hash_of(std::string_view text, std::uint32_t occurrence) {
  auto sum = fnv_start;
  for (const char each : text) sum = add_byte(sum, static_cast<std::uint8_t>(each));
  for (int shift = 0; shift < 32; shift += 8) {
    sum = add_byte(sum, static_cast<std::uint8_t>(occurrence >> shift));
  }
  return mix(sum);
}

std::uint64_t hash_of(const ip_address& client) {
  auto sum = fnv_start;
  for (const auto each : client.bytes()) sum = add_byte(sum, each);
  return mix(sum);
}

// -log2(x / 2^64) in 1/2^32, in integers: a library's logarithm may differ between machines in the
// last bit. Squaring a number between 1 and 2 doubles its logarithm, whose next bit then shows as
// the overflow past 2.
std::uint64_t minus_log2(std::uint64_t x) {
  if (x == 0) x = 1;
  const auto zeros = static_cast<unsigned>(std::countl_zero(x));
  std::uint64_t mantissa = (x << zeros) >> 32;  // 1 to 2, with 31 bits behind the point
  std::uint64_t fraction = 0;
  for (int bit = 0; bit < 32; ++bit) {
    mantissa = (mantissa * mantissa) >> 31;
    fraction <<= 1;
    if (mantissa >= (std::uint64_t{1} << 32)) {
      fraction |= 1;
      mantissa >>= 1;
    }
  }
  return ((std::uint64_t{zeros} + 1) << 32) - fraction;
}

bool is_mapped(std::span<const std::uint8_t> bytes) {
  const auto zeros = bytes.first(10);
  return std::ranges::all_of(zeros, [](auto each) { return each == 0; }) && bytes[10] == 0xff &&
         bytes[11] == 0xff;
}

// Keeps so many bits.
template <std::size_t Size>
void mask(std::array<std::uint8_t, Size>& bytes, std::size_t bits) {
  for (std::size_t at = 0; at < Size; ++at) {
    const auto kept = std::min<std::size_t>(bits - std::min(bits, at * 8), 8);
    bytes[at] = static_cast<std::uint8_t>(bytes[at] & (0xff00U >> kept));
  }
}

}  // namespace

ip_address client_network(const ip_address& client, const balance::client_prefix& bits) {
  auto from = client.bytes();
  // Where whole addresses count both are clients of their own, as with realm (spec 7.3).
  const bool whole = bits == balance::client_prefix{};
  if (client.is_v6() && !whole && is_mapped(from)) from = from.last(4);
  if (from.size() == 4) {
    std::array<std::uint8_t, 4> kept{};
    std::ranges::copy(from, kept.begin());
    mask(kept, bits.v4);
    return ip_address::v4(kept);
  }
  std::array<std::uint8_t, 16> kept{};
  std::ranges::copy(from, kept.begin());
  mask(kept, bits.v6);
  return ip_address::v6(kept);
}

rendezvous::rendezvous(std::span<const std::string> names, std::span<const std::uint32_t> weights,
                       const balance::client_prefix& of_client)
    : of_client_(of_client) {
  std::map<std::string_view, std::uint32_t> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    entries_.push_back({hash_of(names[i], seen[names[i]]++), weights[i]});
  }
}

// The time until the first of many events that come at a rate of `weight` is exponential, and the
// earliest of several such is each one's as often as its share: so the smallest -log(u) / weight.
std::optional<std::size_t> rendezvous::best(const ip_address& client,
                                            const std::vector<bool>& open) const {
  const auto key = hash_of(client_network(client, of_client_));
  std::optional<std::size_t> first;
  std::uint64_t least = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto& each = entries_[i];
    if (!open[i] || each.weight == 0) continue;
    const auto cost = minus_log2(mix(key ^ each.identity));
    // cost / weight < least / weight of the first; both products stay below 2^48
    if (first && cost * entries_[*first].weight >= least * each.weight) continue;
    first = i;
    least = cost;
  }
  return first;
}

}  // namespace relay::balance
