#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relay::balance {

/// How an endpoint with several remotes chooses one.
enum class strategy : std::uint8_t { off, roundrobin, iphash };
std::string_view to_string(strategy what) noexcept;

/// How many bits of a client's address count, in each family.
struct client_prefix {
  std::uint8_t v4 = 32;
  std::uint8_t v6 = 128;
  friend bool operator==(const client_prefix&, const client_prefix&) = default;
};

/// `/24,/64`: IPv4's, then IPv6's. Nothing if it is not that.
std::optional<client_prefix> read_client_prefix(std::string_view text);
std::string to_string(const client_prefix& what);

/// The text of a `balance` key, taken apart (spec 7.1); views refer to that text. Choosing needs
/// `by` and `weights`, checking needs the rest.
struct balancing {
  strategy by = strategy::off;
  std::vector<std::uint8_t> weights;      ///< of `remote` and each extra remote, in order
  std::string_view name;                  ///< of the strategy, as written
  bool is_known = false;                  ///< whether `name` is a strategy; otherwise it is off
  bool has_colon = false;                 ///< between the strategy and its weights
  std::vector<std::string_view> dropped;  ///< items that are no weight
};

balancing read_balance(std::string_view text);

}  // namespace relay::balance
